package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
)

// History is how long before the present a demo's world begins.
const History = 72 * time.Hour

// DefaultChatArrivals is how many visitors of a website come to a demo per minute.
const DefaultChatArrivals = 4

// DemoOptions say what a demo looks like. The zero value will do.
type DemoOptions struct {
	// Seed decides what happens by chance.
	Seed uint64
	// Arrivals is how many customers write per minute; world.DefaultArrivals by default.
	Arrivals float64
	// ChatArrivals is how many visitors begin a chat per minute; DefaultChatArrivals
	// by default.
	ChatArrivals float64
	// Speed is how many virtual seconds pass in a real one; 1 by default.
	Speed float64
	// Sessions are opened beside those that come by themselves, and last.
	Sessions int
}

// Running is a demo at work.
type Running struct {
	// URL is scheme, host and port of the simulated PBX.
	URL string
	// ClientID is what the exporter signs in with.
	ClientID string
	// ClientSecret is what the exporter signs in with.
	ClientSecret string
	// SuperOffice is where the simulated CRM is, with the path that its API is
	// under; User and Password are for Basic. Its dates are in UTC.
	SuperOffice, User, Password string
	// Simulator is what runs.
	Simulator *Simulator
	done      chan struct{}
	err       error
}

// Demo begins a world three days in the past, winds it forward to the present,
// and serves it at real speed on two loopback ports of its own choice, a PBX and a
// CRM, until the context ends. Wait tells when all of it has stopped.
func Demo(ctx context.Context, o DemoOptions) (*Running, error) {
	if o.ChatArrivals <= 0 {
		o.ChatArrivals = DefaultChatArrivals
	}
	s := New(Options{
		// Who looks at a demo expects its day to be his own.
		World: world.Options{
			Start: time.Now().Add(-History), Seed: o.Seed, Arrivals: o.Arrivals, Zone: time.Local,
			Desk: world.DeskOptions{Arrivals: o.ChatArrivals},
		},
		// Nobody asks a demo what it has shown, and it may run for weeks.
		Yeastar: yeastar.Options{Forgetful: true},
		// The machine's zone may have no name by which an exporter could be told it.
		SuperOffice: superoffice.Options{Zone: time.UTC},
		Speed:       o.Speed,
	})
	if err := s.Wind(time.Now(), o.Sessions); err != nil {
		return nil, fmt.Errorf("prepare the demo: %w", err)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the demo: %w", err)
	}
	crm, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen for the demo: %w", err)
	}
	r := &Running{
		URL: "http://" + l.Addr().String(), ClientID: s.ClientID(), ClientSecret: s.ClientSecret(),
		SuperOffice: "http://" + crm.Addr().String() + superoffice.Base, User: s.SuperOffice.User(), Password: s.SuperOffice.Password(),
		Simulator: s, done: make(chan struct{}),
	}
	// Winding took a moment, which the world catches up with.
	s.World.AdvanceTo(time.Now())
	go func() {
		defer close(r.done)
		// Whichever of the two stops first takes the other with it.
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		var beside error
		var both sync.WaitGroup
		both.Go(func() {
			defer stop()
			beside = s.ServeSuperOffice(ctx, crm)
		})
		r.err = s.Serve(ctx, l)
		stop()
		both.Wait()
		r.err = errors.Join(r.err, beside)
	}()
	return r, nil
}

// Wait waits until the demo has stopped, and tells why if it was not the
// context's end.
func (r *Running) Wait() error {
	<-r.done
	return r.err
}
