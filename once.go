package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-kit/log/level"

	"conversation_exporter/collector"
	"conversation_exporter/web"
)

// reading is what a program has that reads or checks its targets once.
type reading struct {
	options *options
	stdout  io.Writer
	logs    logs
}

// readOnce is --once: it reads every target, gives the tokens back, and writes
// the metrics. The exit code is 0 where every target is up and nothing failed.
func readOnce(ctx context.Context, handler *web.Handler, c *collector.Collector, r reading) int {
	var metrics bytes.Buffer
	err := handler.WriteOnce(ctx, &metrics)
	// The tokens are given back although a signal has ended the reading, and before
	// the writing: who reads it may be slow, or gone.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := c.Close(closing); err != nil {
		level.Warn(r.logs.own).Log("msg", "closing the targets failed", "err", err)
	}
	switch {
	case errors.Is(err, web.ErrUnwritten):
		return r.logs.refuse("the targets were read, but their metrics were not written", err)
	case err != nil:
		return r.logs.refuse("the targets were not read", err)
	}
	if _, err := r.stdout.Write(metrics.Bytes()); err != nil {
		return r.logs.refuse("the targets were read, but their metrics were not written", err)
	}
	if !allRead(c.Status()) {
		return 1
	}
	return 0
}

// allRead reports whether every target is up and every group of it was read
// without a failure. One that was read in part has not failed.
func allRead(targets []collector.Status) bool {
	for _, target := range targets {
		if !target.Up {
			return false
		}
		for _, group := range target.Groups {
			// What is off, or what the system does not have, was not to be read.
			if group.On && !group.Unsupported && !group.Success {
				return false
			}
		}
	}
	return true
}

// untilSignal runs what comes to an end by itself, and ends it in order at the
// first signal, at once at the second. It returns the exit code. Who reads the
// output may leave, as head does: that must not kill the program, whose tokens
// would stay in use.
func untilSignal(ctx context.Context, signals <-chan os.Signal, logs logs, do func(context.Context) int) int {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan int, 1)
	go func() { ended <- do(ctx) }()
	select {
	case code := <-ended:
		return code
	case sig := <-signals:
		level.Info(logs.own).Log("msg", "ending; a second signal exits at once", "signal", sig)
		cancel()
	}
	select {
	case <-ended:
	case <-signals:
		level.Warn(logs.own).Log("msg", "exiting at once; tokens that were not given back stay in use until they expire")
	}
	return 1
}
