package yeastar

import (
	"crypto/sha256"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// The PBX blocks an address after 5 failed sign-ins within 10 minutes, so
	// there are never more than 4, whatever their reasons and whosever.
	failuresAllowed = 4
	failureWindow   = 10 * time.Minute
	// One of the 4 is kept for credentials that were accepted before, where there
	// are any: others' mistakes must not keep them out.
	failuresOfNew = failuresAllowed - 1
	// Half of them are kept from refresh tokens, which can be done without, and all
	// but one from credentials that were refused before: among many wrong ones, the
	// right ones that were not tried yet must come to their turn.
	failuresOfRefresh = failuresAllowed - 2
	failuresOfRefused = 1
	// rowMemory is how long after its end a pause counts for the length of the
	// next one, acceptedMemory how long credentials count as accepted.
	rowMemory      = 2 * time.Hour
	acceptedMemory = refreshLife
	// sweepEvery is how often what does not matter any more is dropped.
	sweepEvery = time.Minute
)

// SignIns remembers the sign-ins of a process. All Sources that share one count
// together by the address of their PBX, as the PBX does: a reload that makes new
// Sources, or many targets behind one address, must not get it blocked. It may be
// used by many goroutines.
type SignIns struct {
	mu        sync.Mutex
	addresses map[string]*address
	sweptAt   time.Time
	kept      map[string]*keptFile
	handed    map[digest]handed
}

// NewSignIns makes a memory of sign-ins in which nothing was tried yet.
func NewSignIns() *SignIns {
	return &SignIns{addresses: make(map[string]*address), kept: make(map[string]*keptFile), handed: make(map[digest]handed)}
}

// digest stands for a text that is not to be kept.
type digest [sha256.Size]byte

// address is what is known of one PBX. SignIns.mu guards it.
type address struct {
	// failures are the times of the failures that the PBX may still count, last
	// is what the newest said, and lastOf whose it was.
	failures []time.Time
	last     error
	lastOf   string
	// underWay counts the tries whose end is not known yet. Each may turn out to
	// be a failure, so it counts as one.
	underWay int
	// ended is closed when the next try ends; nil while nobody waits for that.
	ended chan struct{}
	// blocked is on while the PBX says that it has blocked our address.
	blocked pauses
	// acceptedAt is when any credentials were last accepted, refusedAt when a
	// refresh token was last refused.
	acceptedAt, refusedAt time.Time
	clients               map[string]*client
}

// client is what is known of one application at one address.
type client struct {
	// tokens is on while the PBX has no token left for the application, or does
	// not accept those that it issues.
	tokens pauses
	// refused are the pauses of secrets that were refused. A changed secret has
	// none, and one that is changed back finds its own.
	refused map[digest]*pauses
	// issued are the times of tokens that the PBX may still hold.
	issued   []time.Time
	underWay int
	// accepted is the secret that was accepted last, acceptedAt when any was.
	accepted   digest
	acceptedAt time.Time
}

// pauses are a row of them, each as long as its step says.
type pauses struct {
	// until and why are those of the last pause, which began at the instant began.
	began, until time.Time
	why          error
	steps        int
}

// on reports whether a pause is on.
func (r *pauses) on(now time.Time) bool { return now.Before(r.until) }

// matters reports whether the row still decides anything.
func (r *pauses) matters(now time.Time) bool { return now.Before(r.until.Add(rowMemory)) }

// end ends a pause that is on, and not the row.
func (r *pauses) end(now time.Time) {
	if r.on(now) {
		r.until = now
	}
}

// next begins the next pause of the row, in minutes.
func (r *pauses) next(now time.Time, why error, minutes ...int) {
	r.steps++
	r.began, r.until, r.why = now, now.Add(time.Duration(minutes[min(r.steps, len(minutes))-1])*time.Minute), why
}

// pbxAddress is the host and the port of a URL, in one form of the many in which
// they can be written.
func pbxAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return text
	}
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), u.Port()
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.Unmap().String()
	}
	switch {
	case port != "":
		port = strings.TrimLeft(port, "0")
	case strings.EqualFold(u.Scheme, "http"):
		port = "80"
	default:
		port = "443"
	}
	return net.JoinHostPort(host, port)
}

// of finds what is known of an application at an address, or makes room for it.
// m.mu is held.
func (m *SignIns) of(where, who string, now time.Time) (*address, *client) {
	m.sweep(now)
	a := m.addresses[where]
	if a == nil {
		a = &address{clients: make(map[string]*client)}
		m.addresses[where] = a
	}
	c := a.clients[who]
	if c == nil {
		c = &client{refused: make(map[digest]*pauses)}
		a.clients[who] = c
	}
	a.failures = since(a.failures, now.Add(-failureWindow))
	c.issued = since(c.issued, now.Add(-accessLife))
	return a, c
}

// sweep drops what does not matter any more, now and then. m.mu is held.
func (m *SignIns) sweep(now time.Time) {
	if now.Before(m.sweptAt.Add(sweepEvery)) {
		return
	}
	m.sweptAt = now
	for where, a := range m.addresses {
		for who, c := range a.clients {
			if !c.matters(now) {
				delete(a.clients, who)
			}
		}
		if !a.matters(now) {
			delete(m.addresses, where)
		}
	}
	for token, h := range m.handed {
		if !now.Before(h.until) {
			delete(m.handed, token)
		}
	}
}

// matters reports whether anything of the address still decides a sign-in.
func (a *address) matters(now time.Time) bool {
	return len(a.clients) > 0 || a.underWay > 0 || a.blocked.on(now) || len(since(a.failures, now.Add(-failureWindow))) > 0 ||
		now.Before(a.refusedAt.Add(refreshLife))
}

// matters reports whether anything of the application still decides a sign-in.
// Refused secrets that do not are dropped.
func (c *client) matters(now time.Time) bool {
	for secret, r := range c.refused {
		if !r.matters(now) {
			delete(c.refused, secret)
		}
	}
	return c.underWay > 0 || len(c.refused) > 0 || c.tokens.matters(now) || len(since(c.issued, now.Add(-accessLife))) > 0 ||
		now.Before(c.acceptedAt.Add(acceptedMemory))
}

// room is how many failures there may be, those that tries under way may become
// included, for such a try to be made.
func (a *address) room(c *client, what try, now time.Time) int {
	refused := c.refused[what.secret]
	switch {
	case what.refresh:
		return failuresOfRefresh
	case c.accepted == what.secret && now.Before(c.acceptedAt.Add(acceptedMemory)):
		return failuresAllowed
	case refused != nil && refused.matters(now):
		return failuresOfRefused
	case now.Before(a.acceptedAt.Add(acceptedMemory)):
		return failuresOfNew
	default:
		return failuresAllowed
	}
}

// count notes a failure towards the number after which the PBX blocks.
func (a *address) count(now time.Time, who string, err error) {
	a.failures = append(a.failures, now)
	a.last, a.lastOf = err, who
}

// release ends a try, and lets those go on that wait for that.
func (a *address) release(c *client) {
	a.underWay--
	c.underWay--
	if a.ended != nil {
		close(a.ended)
		a.ended = nil
	}
}
