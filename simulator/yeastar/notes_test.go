package yeastar

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// What did not arrive was not shown.
func TestSpoiledAnswersShowNothing(t *testing.T) {
	for kind, shown := range map[Kind]bool{
		Lost: false, ResetMidway: false, CloseAfterHeaders: false, Truncated: false, Huge: false, WrongTypes: false, WrongShapes: false,
		HTML: false, Refuse: false, EndlessRows: false, Drip: true, DuplicateRows: true, Latency: true,
	} {
		p := signedIn(t)
		p.open(world.Opening{API: true})
		p.server.Inject(Fault{Kind: kind, Code: codeInternal, Size: 1000})
		q := p.query([]string{"page_size", "9", "user_type", "9", "is_archived", "2", "collection", "all"})
		p.try(t.Context(), http.MethodGet, Root+"message_session/search?"+q, "")
		if got := len(p.server.Expect(everybody()).Known) > 0; got != shown {
			t.Errorf("kind %d: something is known: %t", kind, got)
		}
	}
}

func TestListsThatAreFilteredShowNothing(t *testing.T) {
	p := signedIn(t)
	p.open(world.Opening{API: true})
	for _, params := range [][]string{{"is_closed", "1"}, {"is_archived", "0"}, {"collection", ""}, {"is_pickup", "2"}, {"search_value", "x"}} {
		p.search("api", params...)
		if got := p.server.Expect(everybody()).Known; len(got) != 0 {
			t.Errorf("%v: %v", params, got)
		}
	}
}

func TestNotesAreTidiedUp(t *testing.T) {
	n := newNotes()
	now := time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)
	q := world.Query{Viewer: world.API, Limit: 10}
	for id := range int64(100_000) {
		n.page(q, []world.Session{{ID: id, LastMessageID: id, API: true}}, now.Add(time.Duration(id)*time.Minute))
	}
	if got := len(n.sessions); got > firstTidy {
		t.Errorf("%d sessions are remembered", got)
	}
}

func TestLabels(t *testing.T) {
	for name, want := range map[string]string{"Support": "Support", "a\nb\x00": "ab", "\xff": "\uFFFD", strings.Repeat("ä", 200): strings.Repeat("ä", 128)} {
		if got := label(name); got != want {
			t.Errorf("%q became %q", name, got)
		}
	}
	queues := make([]world.Queue, 300)
	for i := range queues {
		queues[i] = world.Queue{ID: 300 - i, Name: "q"}
	}
	names := queueNames(queues)
	if _, last := names[256]; !last || len(names) != 256 {
		t.Errorf("%d names", len(names))
	}
}
