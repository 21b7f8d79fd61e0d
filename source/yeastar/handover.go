package yeastar

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"
	"weak"

	"conversation_exporter/source/httpapi"
)

// A reload makes a new Source before it closes the old one, and both have the
// same token file. The new one must not be left with a token that the old one
// gives back, nor lose its file to it.

// keptFile is a token file in use.
type keptFile struct {
	// io is held while the file is read or written. A disk may hang, so it is never
	// waited for with SignIns.mu held; the other way round is right.
	io sync.Mutex
	// SignIns.mu guards owner, whose file it is, and users, how many hold io or wait
	// for it: while there are any, all must find this one.
	owner *tokens
	users int
}

// handed is a token that a Source found in its file, until it ends.
type handed struct {
	// owner may give the token back; nobody else takes it over once that is done. It
	// is remembered longer than a Source lives, which must not keep that in memory.
	owner weak.Pointer[tokens]
	back  bool
	until time.Time
}

// digestOfSecret makes the digest of a secret.
func digestOfSecret(s httpapi.Secret) digest { return sha256.Sum256([]byte(s.Reveal())) }

// handle stands for one of a Source's tokens. Two PBXs may issue the same text.
func (t *tokens) handle(token httpapi.Secret) digest {
	of := digestOfSecret(token)
	return sha256.Sum256(append([]byte(t.guard.where+"\x00"+t.guard.who+"\x00"), of[:]...))
}

// claim makes a Source the owner of its token file, and reads the file once the
// one before has ended what it writes.
func (m *SignIns) claim(t *tokens, read func()) {
	m.mu.Lock()
	k := m.kept[t.file.path]
	if k == nil {
		k = &keptFile{}
		m.kept[t.file.path] = k
	}
	k.owner = t
	k.users++
	m.mu.Unlock()
	defer m.leave(t.file.path, k)
	k.io.Lock()
	defer k.io.Unlock()
	read()
}

// whileKept writes the token file of a Source, unless another one has taken it
// over.
func (m *SignIns) whileKept(t *tokens, write func()) {
	k := m.enter(t)
	if k == nil {
		return
	}
	defer m.leave(t.file.path, k)
	k.io.Lock()
	defer k.io.Unlock()
	if m.owns(k, t) {
		write()
	}
}

// enter finds the token file of a Source, to be left again; nil where it is not
// the Source's.
func (m *SignIns) enter(t *tokens) *keptFile {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.kept[t.file.path]
	if k == nil || k.owner != t {
		return nil
	}
	k.users++
	return k
}

// owns reports whether a file is still the Source's: another one may have taken it
// over while this one waited.
func (m *SignIns) owns(k *keptFile, t *tokens) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return k.owner == t
}

// leave forgets a file that is nobody's, once nobody uses it.
func (m *SignIns) leave(path string, k *keptFile) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k.users--
	m.drop(path, k)
}

// drop forgets a file that is nobody's and that nobody uses. m.mu is held.
func (m *SignIns) drop(path string, k *keptFile) {
	if k.owner == nil && k.users == 0 {
		delete(m.kept, path)
	}
}

// unclaim forgets the token file of a Source that is closed, unless another one
// has taken it over.
func (t *tokens) unclaim() {
	if t.file == nil {
		return
	}
	m := t.guard.signIns
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.kept[t.file.path]; k != nil && k.owner == t {
		k.owner = nil
		m.drop(t.file.path, k)
	}
}

// takeOver makes a Source the owner of a token that it found in its file. It is
// false for a token that is being given back.
func (m *SignIns) takeOver(t *tokens, token digest, until time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handed[token].back {
		return false
	}
	m.handed[token] = handed{owner: weak.Make(t), until: until}
	return true
}

// giveBack reports whether a Source may give a token back, and lets nobody take
// it over any more if so.
func (m *SignIns) giveBack(t *tokens, token digest, until time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h, ok := m.handed[token]; ok && h.owner != weak.Make(t) {
		return false
	}
	m.handed[token] = handed{owner: weak.Make(t), back: true, until: until}
	return true
}

// keepOn takes back that a token is given back, as the PBX was not told.
func (m *SignIns) keepOn(token digest) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.handed, token)
}

// recall takes over what an earlier run counted, beside what this one has. Times
// that cannot be are left out: one in the future would never end.
func (g *guard) recall(failures, issued []time.Time) {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	now := g.clock.Now()
	a, c := g.signIns.of(g.where, g.who, now)
	known := len(a.failures)
	a.failures = united(a.failures, past(failures, now.Add(-failureWindow), now))
	c.issued = united(c.issued, past(issued, now.Add(-accessLife), now))
	if known == 0 && len(a.failures) > 0 {
		a.last, a.lastOf = errEarlier, ""
	}
}

// past keeps the newest of the times between two instants, in order.
func past(times []time.Time, after, now time.Time) []time.Time {
	times = slices.DeleteFunc(slices.Clone(times), func(t time.Time) bool { return t.After(now) })
	slices.SortFunc(times, time.Time.Compare)
	times = since(times, after)
	return times[max(0, len(times)-maxKeptTimes):]
}

// united unites two lists of times, in order. What stands in both is the same:
// each file of a target at an address tells the failures of all of them.
func united(known, more []time.Time) []time.Time {
	all := slices.Clone(known)
	rest := slices.Clone(known)
	for _, t := range more {
		if i := slices.IndexFunc(rest, t.Equal); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// errEarlier stands for what a sign-in failed with before the program was started.
var errEarlier = errors.New("it was before this start, so its reason is not known")

// counted are the times of the failures, and of the tokens, that still count.
func (g *guard) counted() (failures, issued []time.Time) {
	g.signIns.mu.Lock()
	defer g.signIns.mu.Unlock()
	a, c := g.signIns.of(g.where, g.who, g.clock.Now())
	return slices.Clone(a.failures), slices.Clone(c.issued)
}
