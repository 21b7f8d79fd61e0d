package main

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	toolkit "github.com/prometheus/exporter-toolkit/web"

	"conversation_exporter/web"
)

const (
	// drainTime is how long a shutdown waits for scrapes in flight, cutTime how
	// long it gives those that it then cuts short to answer with what they have.
	drainTime = 25 * time.Second
	cutTime   = time.Second
	// closeTime is how long giving the tokens back may take, and lingerTime how
	// long connections may linger after that.
	closeTime  = 5 * time.Second
	lingerTime = time.Second
	// writeTime bounds a request from its head to the last byte of its answer: the
	// longest scrape, and then some. A client that does not read must not keep its
	// place among the scrapes for ever.
	writeTime = 150 * time.Second
	idleTime  = 2 * time.Minute
	// headerTime is the limit for the head of a request.
	headerTime = 10 * time.Second
)

// serving is the program while it serves.
type serving struct {
	handler *web.Handler
	fleet   *fleet
	options *options
	logs    logs
	stdout  io.Writer
	signals <-chan os.Signal
	// hangups are the SIGHUPs, at each of which the configuration is read anew.
	hangups <-chan os.Signal
	// headerLimit is how long a client may take to send the head of a request.
	headerLimit time.Duration
	// stop ends the demo's own scrapes and waits for them.
	stop func()
}

// run listens until a signal, then lets the scrapes in flight end, and gives the
// tokens back. A second signal ends it at once. It returns the exit code.
func (s serving) run() int {
	scrapes, cut := context.WithCancel(context.Background())
	defer cut()
	servers, failed, err := s.listen(scrapes)
	if err != nil {
		return s.logs.refuse("no socket came from systemd", err)
	}
	hearing, deaf := context.WithCancel(scrapes)
	defer deaf()
	var hearer sync.WaitGroup
	hearer.Go(func() { s.fleet.hear(hearing, s.hangups) })
	code := 0
	select {
	case err := <-failed:
		code = s.logs.refuse("listening failed", err)
	case sig := <-s.signals:
		level.Info(s.logs.own).Log("msg", "shutting down; a second signal exits at once", "signal", sig)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		deaf()
		s.shutDown(servers, cut)
		if !within(lingerTime, hearer.Wait) {
			level.Warn(s.logs.own).Log("msg", "a reload is still under way, and is not waited for")
		}
	}()
	select {
	case <-ended:
		return code
	case <-s.signals:
		level.Warn(s.logs.own).Log("msg", "exiting at once; tokens that were not given back stay in use until they expire")
		return 1
	}
}

// within reports whether something ends in time. What does not is left behind.
func within(limit time.Duration, do func()) bool {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do()
	}()
	select {
	case <-ended:
		return true
	case <-time.After(limit):
		return false
	}
}

// listen starts a server for each address, since the toolkit wraps the handler
// of a shared one once per listener, which is a data race. Scrapes end with the
// context. What ends a server before its time comes out of failed.
func (s serving) listen(scrapes context.Context) (servers []*http.Server, failed <-chan error, err error) {
	addresses, listeners := *s.options.web.WebListenAddresses, []net.Listener(nil)
	if s.options.web.WebSystemdSocket != nil && *s.options.web.WebSystemdSocket {
		if listeners, err = activation.Listeners(); err != nil || len(listeners) == 0 {
			return nil, nil, errors.Join(err, errors.New("start the exporter by its socket unit, or leave --web.systemd-socket out"))
		}
		addresses = nil
	}
	ends := make(chan error, len(addresses)+len(listeners))
	start := func(run func(*http.Server) error) {
		server := s.server(scrapes)
		servers = append(servers, server)
		go func() { ends <- run(server) }()
	}
	for _, address := range addresses {
		one := *s.options.web
		one.WebListenAddresses = &[]string{address}
		start(func(server *http.Server) error { return toolkit.ListenAndServe(server, &one, s.logs.bridge) })
	}
	for _, l := range listeners {
		start(func(server *http.Server) error { return toolkit.Serve(l, server, s.options.web, s.logs.bridge) })
	}
	return servers, ends, nil
}

func (s serving) server(scrapes context.Context) *http.Server {
	return &http.Server{
		Handler: s.handler, ReadHeaderTimeout: s.headerLimit, WriteTimeout: writeTime, IdleTimeout: idleTime,
		ErrorLog: stdlog.New(log.NewStdlibAdapter(level.Warn(s.logs.own)), "", 0),
		// It is called once the server listens, which is when the address is known.
		BaseContext: func(l net.Listener) context.Context {
			if s.options.demo {
				greet(s.stdout, l.Addr(), s.options.telemetryPath)
			}
			return scrapes
		},
	}
}

// shutDown refuses new scrapes and waits for those in flight; those that take
// too long are cut, and answer with what they have. The tokens are given back
// before the connections end: an idle one must not cost a token.
func (s serving) shutDown(servers []*http.Server, cut func()) {
	during := func(limit time.Duration, do func(context.Context)) {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		do(ctx)
	}
	during(drainTime, s.handler.Drain)
	cut()
	during(cutTime, s.handler.Drain)
	s.stop()
	during(closeTime, func(ctx context.Context) {
		if err := s.fleet.collector.Close(ctx); err != nil {
			level.Warn(s.logs.own).Log("msg", "closing the targets failed", "err", err)
		}
	})
	during(lingerTime, func(ctx context.Context) {
		for _, server := range servers {
			if err := server.Shutdown(ctx); err != nil {
				server.Close() //nolint:errcheck // It was asked to end politely before.
			}
		}
	})
	level.Info(s.logs.own).Log("msg", "stopped")
}
