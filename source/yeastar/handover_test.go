package yeastar

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	simyeastar "conversation_exporter/simulator/yeastar"
	"conversation_exporter/source/httpapi"
)

// reloading makes Sources of one target over one memory, all with one token file.
func reloading(t *testing.T) (p pbx, path string, next func() *Source) {
	t.Helper()
	p = newPBX(t)
	path, use := keeping(t)
	m := NewSignIns()
	return p, path, func() *Source {
		return p.source(t, func(o *Options) {
			use(o)
			o.SignIns = m
		})
	}
}

// same checks that a token file holds the token of a Source.
func same(t *testing.T, path string, s *Source) {
	t.Helper()
	s.tokens.mu.Lock()
	access := s.tokens.access.Reveal()
	s.tokens.mu.Unlock()
	if access == "" || inFile(t, path).Access != access {
		t.Error("the file does not hold the token of the Source")
	}
}

// A reload costs no sign-in, no failed request and no token.
func TestAReloadHandsTheTokenOver(t *testing.T) {
	p, path, next := reloading(t)
	last := next()
	read(t, last)
	for range 30 {
		s := next()
		read(t, s)
		must(t, last.Close(context.Background()))
		read(t, s)
		same(t, path, s)
		last = s
	}
	if n := p.Yeastar.Requests(pathGetToken); n != 1 || p.Yeastar.LiveTokens() != 1 || p.Yeastar.Requests(pathDelToken) != 0 {
		t.Errorf("%d sign-ins, %d tokens in use, %d given back", n, p.Yeastar.LiveTokens(), p.Yeastar.Requests(pathDelToken))
	}
	// The last one gives it back, also after it was renewed.
	p.World.Advance(26 * time.Minute)
	read(t, last)
	eventually(t, "refreshing", func() bool { return p.Yeastar.Requests(pathRefreshToken) == 1 })
	must(t, last.Close(context.Background()))
	alone(t, path)
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use", n)
	}
}

// So it is where the predecessor had the token from the file as well.
func TestAReloadAfterACrashHandsTheTokenOver(t *testing.T) {
	p, path, next := reloading(t)
	read(t, p.source(t, func(o *Options) { o.TokenFile = path }))
	old, s := next(), next()
	read(t, old)
	read(t, s)
	must(t, old.Close(context.Background()))
	read(t, s)
	same(t, path, s)
	must(t, s.Close(context.Background()))
	alone(t, path)
	if n := p.Yeastar.Requests(pathGetToken); n != 1 || p.Yeastar.LiveTokens() != 0 {
		t.Errorf("%d sign-ins, %d tokens in use", n, p.Yeastar.LiveTokens())
	}
}

// A successor that was not used before its predecessor is closed finds nothing.
func TestASuccessorThatComesLateSignsIn(t *testing.T) {
	p, path, next := reloading(t)
	old, s := next(), next()
	read(t, old)
	must(t, old.Close(context.Background()))
	alone(t, path)
	read(t, s)
	same(t, path, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 2 || p.Yeastar.LiveTokens() != 1 {
		t.Errorf("%d sign-ins, %d tokens in use", n, p.Yeastar.LiveTokens())
	}
}

// One that is first used while its predecessor gives the token back must not take
// it, nor lose its file.
func TestASuccessorLeavesATokenThatIsBeingGivenBack(t *testing.T) {
	p, path, next := reloading(t)
	old, s := next(), next()
	read(t, old)
	p.Yeastar.Inject(simyeastar.Fault{Kind: simyeastar.Latency, Endpoint: pathDelToken, Wait: 300 * time.Millisecond, Times: 1})
	closed := make(chan error)
	go func() { closed <- old.Close(context.Background()) }()
	eventually(t, "giving the token back", func() bool {
		old.tokens.mu.Lock()
		defer old.tokens.mu.Unlock()
		return old.tokens.access.Empty()
	})
	time.Sleep(20 * time.Millisecond)
	read(t, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 2 {
		t.Errorf("%d sign-ins: the token that is being given back was taken", n)
	}
	must(t, <-closed)
	read(t, s)
	same(t, path, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 2 || p.Yeastar.LiveTokens() != 1 {
		t.Errorf("%d sign-ins, %d tokens in use", n, p.Yeastar.LiveTokens())
	}
}

// A token that the predecessor trades in after it was handed over is replaced by
// one sign-in, and the file is the successor's.
func TestAPredecessorThatRenewsLeavesTheFile(t *testing.T) {
	p, path, next := reloading(t)
	old, s := next(), next()
	read(t, old)
	read(t, s)
	old.tokens.mu.Lock()
	old.tokens.renewAt = start()
	old.tokens.mu.Unlock()
	read(t, old)
	eventually(t, "refreshing", func() bool { return p.Yeastar.Requests(pathRefreshToken) == 1 })
	read(t, s)
	same(t, path, s)
	must(t, old.Close(context.Background()))
	read(t, s)
	same(t, path, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 2 || p.Yeastar.LiveTokens() != 1 {
		t.Errorf("%d sign-ins, %d tokens in use", n, p.Yeastar.LiveTokens())
	}
}

// Another process may have begun before this one has ended.
func TestAClosedSourceLeavesTheFileOfAnotherProcess(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"of the same application": func(*Options) {},
		"of another address":      func(o *Options) { o.URL += "/" },
	} {
		p := newPBX(t)
		path, use := keeping(t)
		old := p.source(t, use)
		read(t, old)
		must(t, os.Remove(path))
		other := p.source(t, func(o *Options) { use(o); change(o) })
		read(t, other)
		must(t, old.Close(context.Background()))
		alone(t, path, "token.json")
		same(t, path, other)
		read(t, other)
		if n := p.Yeastar.LiveTokens(); n != 1 {
			t.Errorf("%s: %d tokens in use, want 1", name, n)
		}
	}
}

// A token that the PBX was not told of stays good, for the successor too.
func TestATokenThatCouldNotBeGivenBackServesTheSuccessor(t *testing.T) {
	p, path, next := reloading(t)
	old, s := next(), next()
	read(t, old)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := old.Close(ctx); err == nil {
		t.Error("the token was given back without time")
	}
	read(t, s)
	same(t, path, s)
	if n := p.Yeastar.Requests(pathGetToken); n != 1 {
		t.Errorf("%d sign-ins, want 1", n)
	}
}

// The failures of all targets of an address are in each of their files, and count
// once.
func TestFailuresInSeveralFilesCountOnce(t *testing.T) {
	g := newGate(t)
	dir := t.TempDir()
	in := func(name string) func(*Options) {
		return func(o *Options) { o.TokenFile = filepath.Join(dir, name) }
	}
	m := NewSignIns()
	for _, who := range []string{"a", "b"} {
		listOnce(g.source(t, m, who, "wrong", in(who)))
	}
	// After a restart, each file is read.
	m = NewSignIns()
	for _, who := range []string{"b", "a", "c"} {
		listOnce(g.source(t, m, who, "wrong", in(who)))
	}
	if n := g.safe(t); n != failuresAllowed {
		t.Errorf("%d tries, want %d", n, failuresAllowed)
	}
}

// Two PBXs may issue tokens of the same text; each gets its own back.
func TestTokensOfTwoPBXsAreNotMixedUp(t *testing.T) {
	one, two := newPBX(t), newPBX(t) // Of one seed, so that their tokens are the same.
	memory := NewSignIns()
	for _, p := range []pbx{one, two} {
		s := p.source(t, func(o *Options) { o.SignIns = memory })
		read(t, s)
		must(t, s.Close(context.Background()))
	}
	if one.Yeastar.LiveTokens() != 0 || two.Yeastar.LiveTokens() != 0 {
		t.Errorf("%d and %d tokens are left", one.Yeastar.LiveTokens(), two.Yeastar.LiveTokens())
	}
}

// holder is a Source's tokens, as far as its file concerns them.
func holder(m *SignIns, path, where string) *tokens {
	clock := httpapi.SystemClock{}
	return &tokens{
		clock: clock, file: newTokenFile(path, "https://"+where, "id"),
		guard: guard{signIns: m, clock: clock, where: where, who: "id"},
	}
}

// A disk that hangs under one token file must not stop the other targets, each of
// whose calls asks whether its address is blocked.
func TestADiskThatHangsStopsNobodyElse(t *testing.T) {
	m := NewSignIns()
	path := filepath.Join(t.TempDir(), "token")
	old, next, last := holder(m, path, "a:1"), holder(m, path, "a:1"), holder(m, path, "a:1")
	other := holder(m, filepath.Join(t.TempDir(), "token"), "b:1")
	m.claim(old, func() {})
	slow, begun := make(chan struct{}), make(chan struct{})
	var hung sync.WaitGroup
	hung.Go(func() { m.claim(next, func() { close(begun); <-slow }) })
	<-begun
	hung.Go(old.unclaim)
	hung.Go(next.unclaim)
	hung.Go(func() { m.claim(last, func() {}) })
	time.Sleep(20 * time.Millisecond) // So that they come to wait.
	free := make(chan struct{})
	go func() {
		_ = other.guard.addressBlocked()
		m.claim(other, func() {})
		m.whileKept(other, func() {})
		other.unclaim()
		close(free)
	}()
	select {
	case <-free:
	case <-time.After(5 * time.Second):
		t.Error("another target waits for this disk")
	}
	close(slow)
	hung.Wait()
	<-free
	last.unclaim()
	if len(m.kept) != 0 {
		t.Errorf("%d token files are kept for nobody", len(m.kept))
	}
}

// A successor that comes while its predecessor writes, and leaves in that moment,
// keeps the file.
func TestASuccessorBesideALeavingPredecessorKeepsTheFile(t *testing.T) {
	lost := 0
	for range 2_000 {
		m := NewSignIns()
		old, next := holder(m, "/x/token", "a:1"), holder(m, "/x/token", "a:1")
		m.claim(old, func() {})
		writing, end := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() { m.whileKept(old, func() { close(writing); <-end }) })
		<-writing
		all.Go(func() { m.claim(next, func() {}) })
		time.Sleep(50 * time.Microsecond)
		all.Go(old.unclaim)
		close(end)
		all.Wait()
		lost++
		m.whileKept(next, func() { lost-- })
		if m.whileKept(old, func() { t.Error("the predecessor wrote the file") }); m.kept["/x/token"] == nil {
			t.Fatal("the file is forgotten")
		}
	}
	if lost > 0 {
		t.Errorf("%d successors did not write their file", lost)
	}
}

// A token is remembered until its life ends, the Source that had it is not: there
// may be a reload every second.
func TestASourceIsNotKeptByItsToken(t *testing.T) {
	m := NewSignIns()
	until := time.Now().Add(time.Hour)
	var gone []weak.Pointer[tokens]
	for i := range byte(2) {
		one := holder(m, "/x/token", "a:1")
		m.claim(one, func() {})
		if !m.takeOver(one, digest{i}, until) || i > 0 && !m.giveBack(one, digest{i}, until) {
			t.Fatal("the token is another's")
		}
		one.unclaim()
		gone = append(gone, weak.Make(one))
	}
	eventually(t, "forgetting the Sources", func() bool {
		runtime.GC()
		return gone[0].Value() == nil && gone[1].Value() == nil
	})
	if next := holder(m, "/x/token", "a:1"); m.giveBack(next, digest{0}, until) || m.takeOver(next, digest{1}, until) {
		t.Error("the tokens are forgotten with their Sources")
	}
}
