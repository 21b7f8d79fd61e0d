package yeastar

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/source/httpapi"
)

// ownTokens makes a source one that reads once, beside an exporter.
func ownTokens(use func(*Options)) func(*Options) {
	return func(o *Options) {
		use(o)
		o.OwnTokens = true
	}
}

// Whoever runs a check again and again with a wrong secret must not get the
// address blocked, whether an exporter runs beside it or not.
func TestSafetyOfSignInOfChecksBesideAnExporter(t *testing.T) {
	const last = "; the last one: it was before this start, so its reason is not known"
	for name, tc := range map[string]struct {
		// before are the failures of the exporter, later is true where it goes on.
		before int
		later  bool
		tries  int
		want   string
	}{
		"no exporter":                      {0, false, 3, "signing in waits until 09:10:00 UTC: 3 sign-ins failed"},
		"one that has failed":              {1, false, 3, "signing in waits until 09:10:00 UTC: 3 sign-ins failed"},
		"one that has failed three times":  {3, false, 3, "signing in waits until 09:10:00 UTC: 3 sign-ins failed"},
		"one that may not try again":       {4, false, 4, "signing in waits until 09:10:20 UTC: 4 sign-ins failed"},
		"one that goes on to fail, though": {2, true, 4, "signing in waits until 09:10:20 UTC: 4 sign-ins failed"},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate(t)
			path, use := keeping(t)
			tries := 0
			exporter := g.source(t, nil, "id", "", func(o *Options) {
				use(o)
				// A secret that changes is tried at once.
				o.Secret = func() (httpapi.Secret, error) {
					tries++
					return httpapi.NewSecret(fmt.Sprint("canary-wrong", tries)), nil
				}
			})
			for range tc.before {
				listOnce(exporter)
				g.world.Advance(20 * time.Second)
			}
			file, _ := os.ReadFile(path)
			var text string
			for range 6 {
				check := g.source(t, nil, "id", "canary-wrong", ownTokens(use))
				text = check.Check(context.Background(), time.Minute)[0].Meaning
				g.world.Advance(20 * time.Second)
				if tc.later {
					listOnce(exporter)
				}
			}
			if n := g.safe(t); n != tc.tries {
				t.Errorf("%d tries, want %d", n, tc.tries)
			}
			if !strings.HasPrefix(text, tc.want) || !strings.HasSuffix(text, last) {
				t.Errorf("the check tells %q, want %q", text, tc.want)
			}
			if after, _ := os.ReadFile(path); !tc.later && string(after) != string(file) {
				t.Errorf("the token file has become %s", after)
			}
			if kept, err := os.ReadFile(besideName(path)); err == nil && strings.Contains(string(kept), "canary") {
				t.Errorf("beside the token file is kept %s", kept)
			}
		})
	}
}

// A start over many targets of one address knows all that is on record, and not
// only what the file of the target tells that comes first.
func TestSafetyOfSignInOfManyTargetsOverRestarts(t *testing.T) {
	for _, own := range []bool{false, true} {
		g := newGate(t)
		dir := t.TempDir()
		for range 4 {
			m := NewSignIns()
			var fleet []*Source
			for i := range 6 {
				fleet = append(fleet, g.source(t, m, fmt.Sprint("id", i), "wrong", func(o *Options) {
					o.TokenFile, o.OwnTokens = filepath.Join(dir, strconv.Itoa(i)), own
				}))
			}
			for _, s := range fleet {
				listOnce(s)
				g.world.Advance(time.Second)
			}
		}
		if n := g.safe(t); n == 0 || n > failuresAllowed {
			t.Errorf("own tokens %t: %d tries", own, n)
		}
	}
}

// What no longer counts is not kept.
func TestACheckThatGoesWellLeavesNothingBeside(t *testing.T) {
	p := newPBX(t)
	path, use := keeping(t)
	wrong := p.source(t, ownTokens(func(o *Options) {
		use(o)
		o.Secret = func() (httpapi.Secret, error) { return httpapi.NewSecret("canary-wrong"), nil }
	}))
	listOnce(wrong)
	must(t, wrong.Close(context.Background()))
	alone(t, path, "token.json.checks")
	inFile(t, besideName(path))
	p.World.Advance(failureWindow)
	right := p.source(t, ownTokens(use))
	read(t, right)
	must(t, right.Close(context.Background()))
	alone(t, path)
	if n := p.Yeastar.LiveTokens(); n != 0 {
		t.Errorf("%d tokens in use", n)
	}
}
