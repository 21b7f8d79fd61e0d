// Package simulator is a PBX and a CRM to try the exporter on: one world of
// customers and agents on a virtual clock, served in both vendors' dialects. It
// runs inside tests, inside the exporter's demo, and alone.
package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
)

// Options are what a simulator is made of. The zero value is a lively world at
// real speed with the default credentials.
type Options struct {
	// World is who lives in it, and from when.
	World world.Options
	// Yeastar is how it is served; its seed is the world's by default.
	Yeastar yeastar.Options
	// SuperOffice is how its chats are served; its seed is the world's by default.
	SuperOffice superoffice.Options
	// Speed is how many virtual seconds pass in a real one; 1 by default.
	Speed float64
}

// Simulator ties a world to the dialects that it is served in.
type Simulator struct {
	// World is what happens.
	World *world.World
	// Yeastar is the handler of the PBX's API, with its switches.
	Yeastar *yeastar.Server
	// SuperOffice is the handler of the CRM's API, with its switches.
	SuperOffice *superoffice.Server
	speed       float64
}

// New makes a simulator whose clock stands still until it is advanced or run.
func New(o Options) *Simulator {
	if o.Speed <= 0 {
		o.Speed = 1
	}
	if o.Yeastar.Seed == 0 {
		o.Yeastar.Seed = o.World.Seed
	}
	if o.SuperOffice.Seed == 0 {
		o.SuperOffice.Seed = o.World.Seed
	}
	w := world.New(o.World)
	return &Simulator{World: w, Yeastar: yeastar.New(w, o.Yeastar), SuperOffice: superoffice.New(w, o.SuperOffice), speed: o.Speed}
}

// ClientID is the id that an exporter signs in with.
func (s *Simulator) ClientID() string { return s.Yeastar.ClientID() }

// ClientSecret is the secret that an exporter signs in with.
func (s *Simulator) ClientSecret() string { return s.Yeastar.ClientSecret() }

// Run lets time pass until the context ends.
func (s *Simulator) Run(ctx context.Context) { s.World.Run(ctx, s.speed) }

// spread is over how much time prefilled sessions are opened: a little more
// than a reply window, so that windows in every stage are among them.
const spread = 26 * time.Hour

// Wind moves the world forward to an instant and opens the given number of
// lasting sessions on the way.
func (s *Simulator) Wind(to time.Time, sessions int) error {
	if sessions > 0 {
		over := min(spread, to.Sub(s.World.Now()))
		s.World.AdvanceTo(to.Add(-over))
		if err := s.World.Prefill(sessions, max(over, 0)); err != nil {
			return fmt.Errorf("wind the world: %w", err)
		}
	}
	s.World.AdvanceTo(to)
	return nil
}

// ServeTLS is Serve over TLS with one of the certificates of this package.
func (s *Simulator) ServeTLS(ctx context.Context, l net.Listener, c *Certificate) error {
	return s.Serve(ctx, tls.NewListener(l, c.ServerConfig()))
}

// Serve serves the PBX on a listener and lets time pass, until the context ends;
// that is no error. All it started has ended when it returns.
func (s *Simulator) Serve(ctx context.Context, l net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	err := serve(ctx, l, s.Yeastar)
	stop()
	running.Wait()
	return err
}

// ServeSuperOffice serves the CRM on a listener until the context ends, as Serve
// does the PBX. It does not let time pass: that is left to Serve or Run.
func (s *Simulator) ServeSuperOffice(ctx context.Context, l net.Listener) error {
	return serve(ctx, l, s.SuperOffice)
}

// serve serves a handler until the context ends.
func serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		// Answers that are held back end with the server.
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var running sync.WaitGroup
	running.Go(func() {
		<-ctx.Done()
		// The context has ended; what is in flight gets a moment of its own.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	ended := ctx.Done()
	err := server.Serve(l)
	select {
	case <-ended:
		err = nil
	default:
	}
	stop()
	running.Wait()
	if err != nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulator: %w", err)
	}
	return nil
}
