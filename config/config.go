// Package config reads the configuration file. It is strict: a key that it does
// not know is a mistake, every mistake is told with its line, its key and a
// remedy, and none of them shows a value, as that might be a secret.
package config

import (
	"errors"
	"os"
	"time"

	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/yeastar"
)

// Options say how a file is read.
type Options struct {
	// ExpandEnv lets secret keys name environment variables as ${NAME}.
	ExpandEnv bool
	// LookupEnv finds an environment variable; os.LookupEnv by default.
	LookupEnv func(name string) (string, bool)
	// Collectors are the names of the groups that a target may choose from.
	Collectors []string
}

// Config is what a file and its target files say, with every default filled in.
type Config struct {
	// Targets are in the order of their names; there is at least one.
	Targets []Target
	// Warnings tell what is no mistake but may not be meant, each in the form of a
	// mistake.
	Warnings []string
}

// Target is one system to read, by its name.
type Target struct {
	// Name is unique in all files and fit to be a label value.
	Name string
	// Collectors replaces the flags' choice of groups; nil leaves it.
	Collectors []string
	// Timeout bounds a scrape that brings no deadline of its own.
	Timeout time.Duration
	// MinInterval is how soon after a pass another one may be made.
	MinInterval time.Duration
	// Concurrency bounds the requests under way at once.
	Concurrency int
	// RequestsPerSecond bounds the rate of requests; 0 means no limit.
	RequestsPerSecond float64
	// PageSize is how many entries of a list are asked for at once.
	PageSize int
	// MaxPages bounds the pages of one list.
	MaxPages int
	// AgentNames is true where the names of agents may be labels.
	AgentNames bool

	// A function, as fmt would print the block and the secrets in it.
	system func() system
}

// Runtime is what a source needs beside the file.
type Runtime struct {
	// UserAgent is sent with every request.
	UserAgent string
	// Clock drives token life, pauses and caches; the machine's where it is nil.
	Clock httpapi.Clock
	// Metrics counts the requests of all targets; nil means that nobody wants to
	// know.
	Metrics *httpapi.Metrics
	// OwnTokens is for who reads once, perhaps beside an exporter that runs: it takes
	// tokens of its own and gives them back. Of a token file it counts the failed
	// sign-ins, and leaves the file alone.
	OwnTokens bool
	// SignIns keeps all targets together, also those of an earlier reading of the
	// file, from failing to sign in so often that a system blocks the address; nil
	// means that each Source counts for itself.
	SignIns *yeastar.SignIns
}

// NewMetrics makes what counts the requests of all targets. It is a
// prometheus.Collector.
func NewMetrics() *httpapi.Metrics { return httpapi.NewMetrics() }

// NewSignIns makes the memory of sign-ins, of which a process has one.
func NewSignIns() *yeastar.SignIns { return yeastar.NewSignIns() }

// Load reads the file at the path, and the target files that it names. Its error
// joins every mistake in all of them, each as "file:line: key.path: sentence",
// or as "file: sentence" where a file cannot be read.
func Load(path string, opts Options) (*Config, error) {
	text, err := readConfig(path)
	if err != nil {
		r := newReport(path)
		r.unread().failCause(reason(err), "the file cannot be read: %v; --config.file names the file to read", reason(err))
		return nil, errors.Join(r.errs()...)
	}
	return Parse(path, text, opts)
}

// Parse reads a text as the file of that name, which appears in errors and
// whose directory is where relative paths and globs begin.
func Parse(name string, text []byte, opts Options) (*Config, error) {
	if opts.LookupEnv == nil {
		opts.LookupEnv = os.LookupEnv
	}
	r := &reading{opts: opts}
	r.add(name, text)
	r.addTargetFiles()
	r.check()
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.config(), nil
}
