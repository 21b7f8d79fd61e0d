package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/world"
)

// asked returns whom the searches concerned, each once, in order.
func asked(requests []url.Values) []string {
	var who []string
	for _, q := range requests {
		who = append(who, q.Get("user_no"))
	}
	slices.Sort(who)
	return slices.Compact(who)
}

func TestViewersAreAsConfigured(t *testing.T) {
	answer := func(endpoint string, _ url.Values) string {
		switch endpoint {
		case pathQueueList:
			return `{"errcode":0,"total_number":2,"list":[{"id":1,"name":"A"},{"id":2,"name":"B"}]}`
		case pathQueueQuery:
			return `{"errcode":0,"list":[{"id":1,"members":[{"ext_num":"1001"},{"ext_num":"1002"}]},{"id":2,"members":[{"ext_num":1002},{"ext_num":null}]}]}`
		case pathExtensions:
			return `{"errcode":0,"total_number":3,"data":[{"number":"1001"},{"number":"1003"},{"number":"0044"}]}`
		}
		return `{"errcode":0}`
	}
	for name, tc := range map[string]struct {
		viewers Viewers
		want    []string
	}{
		"the default":      {Viewers{QueueMembers: true, API: true}, []string{"1001", "1002", "api"}},
		"the API alone":    {Viewers{API: true}, []string{"api"}},
		"some more":        {Viewers{QueueMembers: true, Extensions: []string{"1002", "2000"}}, []string{"1001", "1002", "2000"}},
		"every extension":  {Viewers{AllExtensions: true, API: true}, []string{"0044", "1001", "1003", "api"}},
		"all of the above": {Viewers{QueueMembers: true, API: true, AllExtensions: true, Extensions: []string{"9"}}, []string{"0044", "1001", "1002", "1003", "9", "api"}},
	} {
		stub := newStub(t, answer)
		read(t, stub.source(t, func(o *Options) { o.Viewers = tc.viewers }))
		if got := asked(stub.requests()); !slices.Equal(got, tc.want) {
			t.Errorf("%s: asked %q, want %q", name, got, tc.want)
		}
	}
}

func TestNobodyToAskIsAnError(t *testing.T) {
	stub := newStub(t, func(string, url.Values) string { return `{"errcode":0}` })
	_, _, err := stub.source(t, func(o *Options) { o.Viewers = Viewers{QueueMembers: true} }).OpenSessions(context.Background())
	if !errors.Is(err, errNoViewers) {
		t.Errorf("error = %v, want %v", err, errNoViewers)
	}
}

func TestLesson20NumberedListsAreReadToTheirEnd(t *testing.T) {
	for _, total := range []int{0, 1, 99, 100, 101, 250, 10_001} {
		for _, announced := range []bool{true, false} {
			stub := newStub(t, func(endpoint string, q url.Values) string {
				if endpoint != pathExtensions {
					return `{"errcode":0}`
				}
				var page int
				fmt.Sscan(q.Get("page"), &page)
				var rows []string
				for i := (page - 1) * 100; i < min(page*100, total); i++ {
					rows = append(rows, fmt.Sprintf(`{"number":"%d"}`, 1000+i))
				}
				head := `{"errcode":0,`
				if announced {
					head += fmt.Sprintf(`"total_number":%d,`, total)
				}
				return head + `"data":[` + strings.Join(rows, ",") + `]}`
			})
			s := stub.source(t, nil)
			numbers, err := s.dir.allExtensions(context.Background())
			if err != nil || len(numbers) != total {
				t.Errorf("%d extensions, announced %t: got %d, %v", total, announced, len(numbers), err)
			}
		}
	}
}

func TestANumberedListWithoutEndIsAnError(t *testing.T) {
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathExtensions {
			return `{"errcode":0,"total_number":1000,"data":[{"number":"1"}]}`
		}
		return `{"errcode":0}`
	})
	_, err := stub.source(t, func(o *Options) { o.MaxPages = 5 }).dir.allExtensions(context.Background())
	if !errors.Is(err, errPages) {
		t.Errorf("error = %v", err)
	}
}

func TestAFailedViewerLeavesTheOthers(t *testing.T) {
	p := newPBX(t)
	kept := p.open(t, world.Opening{Extension: "1002"})
	p.open(t, world.Opening{Extension: "1001"})
	p.Yeastar.FailViewer("1001", 10005)
	s := p.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001", "1002"}} })
	sessions, cover, err := s.OpenSessions(context.Background())
	must(t, err)
	if len(sessions) != 1 || sessions[0].ID != kept {
		t.Errorf("sessions = %+v", sessions)
	}
	want := "listing the sessions of extension 1001: message_session/search: the application may not call this: give it the permission under Integrations > API (errcode 10005)"
	if cover.Read != 1 || len(cover.Failed) != 1 || len(cover.Problems) != 1 || cover.Problems[0].Error() != want {
		t.Errorf("coverage = %+v", cover)
	}
}

func TestViewersThatFailAlikeMakeOneProblem(t *testing.T) {
	p := newPBX(t)
	p.Yeastar.FailEndpoint(pathSearch, 10001)
	s := p.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001", "1002", "1003", "1004", "1005"}} })
	_, cover, err := s.OpenSessions(context.Background())
	want := "listing the sessions of extension 1001, extension 1002, extension 1003 and 2 more: message_session/search: this PBX does not have this interface"
	if err == nil || !strings.HasPrefix(err.Error(), want) || len(cover.Problems) != 1 || !errors.Is(err, conversation.ErrUnsupported) {
		t.Errorf("error = %v", err)
	}
}

func TestADeadlineCutsTheListsThatAreLeft(t *testing.T) {
	hang := make(chan struct{})
	stub := newStub(t, func(endpoint string, q url.Values) string {
		if endpoint == pathSearch && q.Get("user_no") == "1002" {
			<-hang
		}
		if endpoint == pathSearch {
			return `{"errcode":0,"list":[{"id":1,"type":"sms","last_msg_id":5}]}`
		}
		return `{"errcode":0}`
	})
	defer close(hang)
	s := stub.source(t, func(o *Options) { o.Viewers = Viewers{Extensions: []string{"1001", "1002", "1003"}}; o.Concurrency = 1 })
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	sessions, cover, err := s.OpenSessions(ctx)
	must(t, err)
	if len(sessions) != 1 || cover.Read != 1 || len(cover.Cut) != 2 || len(cover.Failed) != 0 || !cover.TimedOut {
		t.Errorf("sessions = %+v, coverage = %+v; want the first list, and the others cut", sessions, cover)
	}
}

func TestInfo(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	ctx := context.Background()
	info, err := s.Info(ctx)
	must(t, err)
	if info.System != "yeastar" || info.Version == "" || len(info.States) != 5 || !info.AcceptedAt.Equal(start()) {
		t.Errorf("info = %+v", info)
	}
	p.World.Advance(time.Minute)
	read(t, s)
	if info, err = s.Info(ctx); err != nil || p.Yeastar.Requests(pathSystem) != 1 || !info.AcceptedAt.Equal(start().Add(time.Minute)) {
		t.Errorf("after a pass: %+v, %v, %d requests; want the known version", info, err, p.Yeastar.Requests(pathSystem))
	}
	// Every list is refused, yet the credentials are good.
	p.World.Advance(time.Minute)
	p.Yeastar.FailEndpoint(pathSearch, 10005)
	if _, _, err := s.OpenSessions(ctx); err == nil {
		t.Fatal("no error")
	}
	if info, err = s.Info(ctx); err != nil || !info.AcceptedAt.Equal(start().Add(2*time.Minute)) {
		t.Errorf("with every list refused: %+v, %v; want the credentials to be accepted", info, err)
	}
	// The PBX does not answer at all.
	p.World.Advance(time.Minute)
	p.Yeastar.FailEndpoint(pathSystem, -2)
	if _, _, err := s.OpenSessions(ctx); err == nil {
		t.Fatal("no error")
	}
	if info, err = s.Info(ctx); err == nil || info.System != "yeastar" || info.Version == "" || !info.AcceptedAt.Equal(start().Add(2*time.Minute)) {
		t.Errorf("with everything refused: %+v, %v", info, err)
	}
}

func TestQueues(t *testing.T) {
	p := newPBX(t)
	queues, err := p.source(t, nil).Queues(context.Background())
	must(t, err)
	if len(queues) != len(p.World.Queues()) || queues[0].ID != world.QueueSupport || queues[0].Name != "Support" {
		t.Errorf("queues = %+v", queues)
	}
	p.Yeastar.FailEndpoint(pathQueueList, 10005)
	if _, err := p.source(t, nil).Queues(context.Background()); err == nil || !strings.Contains(err.Error(), "Integrations > API") {
		t.Errorf("error = %v", err)
	}
	p.Yeastar.FailEndpoint(pathQueueList, 10001)
	if _, err := p.source(t, nil).Queues(context.Background()); !errors.Is(err, conversation.ErrUnsupported) {
		t.Errorf("a PBX without queues whose members are wanted: %v", err)
	}
	alone := p.source(t, func(o *Options) { o.Viewers.QueueMembers = false })
	if queues, err := alone.Queues(context.Background()); !errors.Is(err, conversation.ErrUnsupported) || len(queues) != 0 {
		t.Errorf("a PBX without queues whose members nobody wants: %v, %v", queues, err)
	}
}

// A panic in a goroutine of the source comes out where the collector contains
// it, and still tells where it began.
func TestLesson17APanicInAGoroutineIsRaisedAgain(t *testing.T) {
	stub := newStub(t, func(string, url.Values) string { return `{"errcode":0}` })
	s := stub.source(t, nil)
	read(t, s)
	defer func() {
		fault, ok := recover().(*conversation.PanicError)
		if !ok || !strings.Contains(fault.Stack, "readViewer") {
			t.Errorf("recovered %v, want where it began", fault)
		}
	}()
	s.opts.Clock = nil // Reading a list then panics.
	s.readViewers([]viewer{{number: "1001"}, {number: "1002"}}, func(v viewer) listing {
		return s.readViewer(context.Background(), v, new(longest))
	})
}

func TestAFailingQueueListIsAskedOnceAPass(t *testing.T) {
	p := newPBX(t)
	p.open(t, world.Opening{QueueID: world.QueueSupport})
	p.Yeastar.FailEndpoint(pathQueueList, 10005)
	s := p.source(t, func(o *Options) { o.Viewers.AllExtensions = true })
	for pass := range 3 {
		sessions, cover, err := s.OpenSessions(context.Background())
		must(t, err)
		if len(sessions) != 1 || len(cover.Problems) != 1 || cover.Assumed != 1 {
			t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
		}
		if _, err := s.Queues(context.Background()); err == nil || err.Error() != cover.Problems[0].Error() {
			t.Errorf("queues: %v, want the failure that the listing met", err)
		}
		if n := p.Yeastar.Requests(pathQueueList); n != pass+1 {
			t.Errorf("%d requests after %d passes", n, pass+1)
		}
	}
}

// With the members of queues wanted, a PBX that has no queues to ask leaves
// something out, and known queues do not vanish by it.
func TestAPBXThatHasNoQueueListIsNotReadInFull(t *testing.T) {
	p := newPBX(t)
	id := p.open(t, world.Opening{QueueID: world.QueueSupport})
	fresh, known := p.source(t, nil), p.source(t, nil)
	read(t, known)
	p.World.Advance(directoryLife)
	p.Yeastar.FailEndpoint(pathQueueList, 10001)
	_, cover, err := fresh.OpenSessions(context.Background())
	must(t, err)
	if cover.Complete() || !errors.Is(cover.Problems[0], conversation.ErrUnsupported) {
		t.Errorf("coverage = %+v", cover)
	}
	sessions, cover, err := known.OpenSessions(context.Background())
	must(t, err)
	if len(sessions) != 1 || sessions[0].ID != id || sessions[0].Queue.Name != "Support" || cover.Complete() {
		t.Errorf("sessions = %+v, coverage = %+v", sessions, cover)
	}
}

// Where there are more lists than time, it is not always the same ones that are
// cut.
func TestViewersThatWereAskedLongestAgoComeFirst(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	all := []viewer{{}, {number: "1001"}, {number: "1002"}, {number: "1003"}}
	if got := s.longestUnasked(all); !slices.Equal(got, all) {
		t.Errorf("before any pass: %v", got)
	}
	for _, v := range []viewer{{number: "1002"}, {}} {
		s.leave(v, listing{viewer: v}, leftOff{})
		p.World.Advance(time.Second)
	}
	s.leave(viewer{number: "1001"}, listing{err: errStuck}, leftOff{})
	s.leave(viewer{number: "1003"}, listing{err: errStuck, unasked: true}, leftOff{})
	want := []viewer{{number: "1003"}, {number: "1002"}, {}, {number: "1001"}}
	if got := s.longestUnasked(all); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	s.longestUnasked(all[:1])
	if len(s.turnAt) > 1 {
		t.Errorf("%d viewers are remembered that are gone", len(s.turnAt)-1)
	}
}
