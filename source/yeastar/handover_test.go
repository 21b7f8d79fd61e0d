package yeastar

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	simyeastar "conversation_exporter/simulator/yeastar"
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
