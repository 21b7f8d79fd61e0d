package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// With the page size that is the default, lists of every awkward length are
// read to their end, whatever the PBX says that their length is.
func TestLesson20EverySessionOfEveryPageCountsOnce(t *testing.T) {
	const pageSize = 100
	for _, n := range []int{0, 1, pageSize - 1, pageSize, pageSize + 1, 10_001} {
		for name, total := range map[string]string{
			"no total": "", "the total": fmt.Sprintf(`,"total_number":%d`, n), "the total of the page": `,"total_number":1`, "no total yet": `,"total_number":null`,
		} {
			if n > 1000 && name == "the total of the page" {
				continue // The long list once with and once without is enough.
			}
			list := &fakeList{messages: numbered(n)}
			stub := newStub(t, func(endpoint string, query url.Values) string {
				if endpoint != pathSearch {
					return `{"errcode":0,"list":[],"total_number":0}`
				}
				return strings.TrimSuffix(list.answer(endpoint, query), "}") + total + "}"
			})
			seen := make(map[int64]int)
			for _, s := range read(t, stub.source(t, nil)) {
				seen[s.ID]++
			}
			if len(seen) != n {
				t.Errorf("%d sessions, %s: %d were read", n, name, len(seen))
			}
			for id, times := range seen {
				if times != 1 {
					t.Errorf("%d sessions, %s: session %d counts %d times", n, name, id, times)
				}
			}
			// A second look from the top, and one page more where the last is full.
			if most := n/pageSize + 3; len(stub.requests()) > most {
				t.Errorf("%d sessions, %s: %d requests, want at most %d", n, name, len(stub.requests()), most)
			}
		}
	}
}

// A PBX that says that it is asked too often is not asked the more for it.
func TestLesson22ThrottlingIsNotMetWithMoreRequests(t *testing.T) {
	for name, kind := range map[string]simyeastar.Kind{"seconds": simyeastar.Throttle, "a date": simyeastar.ThrottleUntil} {
		p := newPBX(t)
		p.open(t, world.Opening{Extension: "1001"})
		lift := p.Yeastar.Inject(simyeastar.Fault{Endpoint: pathSearch, Kind: kind, Wait: time.Hour})
		s := p.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001"}} })
		for range 10 {
			if sessions, cover, err := s.OpenSessions(context.Background()); err == nil || len(sessions) != 0 || len(cover.Problems) == 0 {
				t.Errorf("%s: got %+v, %+v, %v, want that nothing could be read", name, sessions, cover, err)
			}
		}
		if n := p.Yeastar.Requests(pathSearch); n > 10 {
			t.Errorf("%s: %d requests in 10 passes over one list", name, n)
		}
		lift()
		p.World.Advance(2 * time.Hour)
		if n := len(read(t, s)); n != 1 {
			t.Errorf("%s: %d sessions once the PBX answers again, want 1", name, n)
		}
	}
}
