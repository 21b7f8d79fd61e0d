package main

import (
	"io"
	"log/slog"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// logs are the program's logger and the bridge that the web toolkit needs.
type logs struct {
	own    log.Logger
	bridge *slog.Logger
}

// newLogs makes the loggers. The filter is innermost: outside, it would be what
// every line names as its caller. The bridge adds time and caller of its own.
func newLogs(w io.Writer, o *options) logs {
	w = log.NewSyncWriter(w)
	base := log.NewLogfmtLogger(w)
	if o.format == "json" {
		base = log.NewJSONLogger(w)
	}
	var least slog.LevelVar
	allowed := level.AllowInfo()
	switch o.level {
	case "debug":
		allowed = level.AllowDebug()
		least.Set(slog.LevelDebug)
	case "warn":
		allowed = level.AllowWarn()
		least.Set(slog.LevelWarn)
	case "error":
		allowed = level.AllowError()
		least.Set(slog.LevelError)
	}
	filtered := level.NewFilter(base, allowed)
	return logs{
		own:    log.With(filtered, "ts", log.DefaultTimestampUTC, "caller", log.DefaultCaller),
		bridge: slog.New(sloggokit.NewGoKitHandler(renameTime{filtered}, &least)),
	}
}

// renameTime gives the time of the bridge's lines the key that all others have.
type renameTime struct{ next log.Logger }

// Log implements log.Logger.
func (r renameTime) Log(pairs ...any) error {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] == "time" {
			pairs[i] = "ts"
		}
	}
	return r.next.Log(pairs...)
}

// refuse logs why the program cannot go on, a line for each reason, and returns
// the exit code.
func (l logs) refuse(what string, err error) int {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		level.Error(l.own).Log("msg", what, "err", line)
	}
	return 1
}
