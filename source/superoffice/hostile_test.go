package superoffice

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// Under each fault a pass ends with an error or tells of a gap, or what it tells is
// right; and nothing of a customer shows. Afterwards all is told again.
func TestHostileFaultsLeaveGapsAndNoLies(t *testing.T) {
	for name, f := range map[string]sim.Fault{
		"refused": {}, "forbidden": {Status: 403}, "not found": {Status: 404}, "hangs": {Kind: sim.Hang}, "reset": {Kind: sim.Reset}, "plain": {Kind: sim.Plain},
		"page": {Kind: sim.HTML}, "page with 200": {Kind: sim.HTML, Status: 200}, "empty": {Kind: sim.Empty}, "empty object": {Kind: sim.EmptyObject}, "null": {Kind: sim.Null},
		"garbage": {Kind: sim.Garbage}, "throttled": {Kind: sim.Throttle, Wait: 10 * time.Minute}, "throttled until": {Kind: sim.ThrottleUntil, Wait: 10 * time.Minute},
		"redirected": {Kind: sim.Redirect, Location: "https://elsewhere.invalid/"}, "lost": {Kind: sim.Lost}, "reset midway": {Kind: sim.ResetMidway},
		"closed after the headers": {Kind: sim.CloseAfterHeaders}, "truncated": {Kind: sim.Truncated}, "huge": {Kind: sim.Huge}, "drips": {Kind: sim.Drip},
		"wrong types": {Kind: sim.WrongTypes}, "wrong shapes": {Kind: sim.WrongShapes}, "the filter is ignored": {Kind: sim.FilterIgnored},
		"rows twice": {Kind: sim.DuplicateRows}, "endless rows": {Kind: sim.EndlessRows}, "others' messages": {Kind: sim.ForeignMessages},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			src := c.source(t, func(o *Options) { o.MaxPages = 20 })
			before := read(t, src)
			want := c.thread(t, src, conversation.Want{Session: ids["answered"]})
			_, _, mark := sweeps(t, src, conversation.Mark{})
			must(t, c.desk.Finish(ids["owed"], world.ByAgent))
			delete(before, ids["owed"])
			c.World.Advance(20 * time.Minute)
			lift := c.SuperOffice.Inject(f)
			// All that was told before is older than it may be.
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			sessions, cover, err := src.OpenSessions(ctx)
			if err == nil && cover.Complete() && len(sessions) != len(before) {
				t.Errorf("%d sessions, and nothing is told to be missing", len(sessions))
			}
			_, same, closed, sweepErr := src.ClosedSessions(ctx, mark)
			if (sweepErr != nil || !closed.Complete()) && same.Session != mark.Session {
				t.Errorf("the mark moved to %+v, coverage %+v", same, closed)
			}
			threads, errs := gatherUntil(ctx, src, conversation.Want{Session: ids["answered"]})
			if thread, ok := threads[ids["answered"]]; ok && len(thread.Records) != 0 && !slices.Equal(thread.Records, want) {
				t.Errorf("told %+v, want %+v", thread.Records, want)
			}
			found, lookErr := src.Lookup(ctx, []int64{ids["answered"]})
			if lookErr == nil && len(found) == 0 && f.Kind != sim.Null && f.Status != 404 {
				t.Error("a chat that is there is told to be gone")
			}
			if lookErr == nil && len(found) == 1 && (found[0].State != conversation.StateAssigned || found[0].Closed) {
				t.Errorf("told %+v", found)
			}
			queues, queuesErr := src.Queues(ctx)
			if queuesErr == nil && len(queues) != 4 {
				t.Errorf("queues %+v", queues)
			}
			for _, q := range queues {
				if q.Open != conversation.OpeningOpen && (q.Open == conversation.OpeningClosed || queuesErr == nil && f.Status != 404) {
					t.Errorf("told %+v, error %v, and it is open", q, queuesErr)
				}
			}
			agents, agentsErr := src.Agents(ctx)
			if agentsErr == nil && slices.ContainsFunc(agents, func(a conversation.Agent) bool { return a.Presence == conversation.PresenceUnknown }) {
				t.Errorf("agents %+v", agents)
			}
			noCanary(t, cover, err, closed, sweepErr, threads, errs, lookErr, queuesErr, agentsErr)
			lift()
			c.World.Advance(20 * time.Minute)
			for range 2 {
				if sessions, cover, err = src.OpenSessions(t.Context()); err == nil && cover.Complete() {
					break
				}
			}
			if err != nil || !cover.Complete() || len(sessions) != len(before) {
				t.Errorf("afterwards: %d sessions, coverage %+v, error %v", len(sessions), cover, err)
			}
			if told, _, _ := sweeps(t, src, mark); !slices.Equal(told, []int64{ids["owed"]}) {
				t.Errorf("afterwards: told %v as closed", told)
			}
		})
	}
}

// gatherUntil reads wants until a context ends.
func gatherUntil(ctx context.Context, src *Source, wants ...conversation.Want) (map[int64]conversation.Thread, error) {
	threads := make(map[int64]conversation.Thread)
	var errs []error
	for thread, err := range src.Messages(ctx, wants) {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		threads[thread.Session] = thread
	}
	return threads, errors.Join(errs...)
}

func TestARestartAtNightIsSurvived(t *testing.T) {
	for name, c := range map[string]*crm{"on site": newCRM(t), "in the cloud": newTenantOf(t)} {
		t.Run(name, func(t *testing.T) {
			ids := c.kinds(t)
			src := c.source(t, nil)
			c.expectKinds(t, ids, read(t, src))
			_, _, mark := sweeps(t, src, conversation.Mark{})
			lift := c.SuperOffice.Inject(sim.Fault{Kind: sim.HTML})
			for range 30 { // Longer than an access token lives, and than an address is known.
				c.World.Advance(3 * time.Minute)
				sessions, cover, err := src.OpenSessions(t.Context())
				if err == nil || len(sessions) != 0 {
					t.Fatalf("told %+v, coverage %+v", sessions, cover)
				}
				if !strings.Contains(err.Error(), "HTTP 503") {
					t.Fatalf("error %v", err)
				}
				noCanary(t, err, cover)
			}
			must(t, c.desk.Finish(ids["owed"], world.ByAgent))
			lift()
			c.World.Advance(time.Minute)
			if got := read(t, src); len(got) != len(ids)-1 {
				t.Errorf("told %+v", got)
			}
			if told, _, _ := sweeps(t, src, mark); !slices.Equal(told, []int64{ids["owed"]}) {
				t.Errorf("told %v", told)
			}
			if c.SuperOffice.Denied() != 0 {
				t.Errorf("%d refusals", c.SuperOffice.Denied())
			}
		})
	}
}

func TestA401WithoutABodyIsARefusalToo(t *testing.T) {
	c := newCRM(t)
	c.set(func(sw *sim.Switches) { sw.BareUnauthorized = true })
	src := c.source(t, func(o *Options) { o.Authorization = secret(basicOf("x", canary)) })
	for range 5 {
		if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "refuses the credentials") {
			t.Errorf("error %v", err)
		}
		c.World.Advance(time.Minute)
	}
	if c.refused != 1 {
		t.Errorf("%d tries with wrong credentials", c.refused)
	}
}

// On site a ticket is a secret of the configuration: it ends after six hours without
// use, and then only another one helps, which is tried at once.
func TestATicketOnSiteSlidesAndIsReplacedOnceItHasChanged(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	value := "SOTicket " + c.SuperOffice.Ticket()
	src := c.source(t, func(o *Options) { o.Authorization = changing(&value) })
	for range 4 {
		c.expectKinds(t, ids, read(t, src))
		c.World.Advance(5 * time.Hour)
	}
	read(t, src)
	c.World.Advance(6 * time.Hour)
	for range 3 {
		if _, _, err := src.OpenSessions(t.Context()); err == nil || !strings.Contains(err.Error(), "basic_auth or authorization") {
			t.Errorf("error %v", err)
		}
		c.World.Advance(time.Minute)
	}
	if c.refused != 2 { // The call, and the sign-in that follows it.
		t.Errorf("%d tries with a ticket that has ended", c.refused)
	}
	value = "SOTicket " + c.SuperOffice.Ticket()
	c.expectKinds(t, ids, read(t, src))
}

func TestWhoMayNotCallIsToldSo(t *testing.T) {
	c := newCRM(t)
	c.kinds(t)
	src := c.source(t, nil)
	read(t, src)
	c.SuperOffice.FailEndpoint(pathMessages, http.StatusForbidden)
	if _, errs := gather(t, src, conversation.Want{Session: 4004}, conversation.Want{Session: 4005}); len(errs) != 1 || !strings.Contains(errs[0].Error(), "give its role the rights") {
		t.Errorf("errors %v", errs)
	}
}

// What one endpoint of the directory answers oddly is untold, and said to be.
func TestHostileAnswersOfTheDirectoryAreNoFacts(t *testing.T) {
	for name, f := range map[string]sim.Fault{
		"wrong types": {Kind: sim.WrongTypes}, "wrong shapes": {Kind: sim.WrongShapes}, "null": {Kind: sim.Null}, "empty object": {Kind: sim.EmptyObject}, "empty": {Kind: sim.Empty},
		"garbage": {Kind: sim.Garbage}, "page with 200": {Kind: sim.HTML, Status: 200}, "refused": {Status: 500},
	} {
		for _, endpoint := range []string{pathTopic, pathIsOpen, pathPresence} {
			if endpoint != pathIsOpen && f.Kind == sim.Null || endpoint == pathIsOpen && f.Kind == sim.WrongShapes {
				continue // Null is how SuperOffice says that there is nothing; true has no shape.
			}
			t.Run(endpoint+", "+name, func(t *testing.T) {
				c := newCRM(t)
				src := c.source(t, nil)
				good, err := src.Queues(t.Context())
				must(t, err)
				c.World.Advance(directoryLife)
				f.Endpoint = endpoint
				lift := c.SuperOffice.Inject(f)
				queues, err := src.Queues(t.Context())
				if err == nil || len(queues) != len(good) {
					t.Fatalf("queues %+v, error %v", queues, err)
				}
				for i, q := range queues {
					want := good[i]
					switch endpoint {
					case pathIsOpen:
						want.Open = conversation.OpeningUntold
					case pathPresence:
						want.AgentsTold = false
					}
					if q != want {
						t.Errorf("told %+v, want %+v", q, want)
					}
				}
				lift()
				c.World.Advance(time.Minute)
				if queues, err = src.Queues(t.Context()); err != nil || !slices.Equal(queues, good) {
					t.Errorf("afterwards: %+v, error %v", queues, err)
				}
			})
		}
	}
}
