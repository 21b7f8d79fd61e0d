package conversation

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrUnsupported says that a system has no such thing, which is not the same as
// having none of it at the moment.
var ErrUnsupported = errors.New("the system does not have this")

// ErrPart says that the system itself told only a part of a list. The list is then
// partial, yet nothing failed.
var ErrPart = errors.New("the system told only a part of the list")

// ErrAssumed says that a state rests on a fact that the system did not tell. The
// list is then partial, yet nothing failed.
var ErrAssumed = errors.New("not told by the system, so it was assumed")

// ErrPageLimit says that a list was left at the configured number of pages. The
// list is then partial, yet nothing failed.
var ErrPageLimit = errors.New("the list is longer than max_pages: raise it, or page_size")

// ErrLeftOut says that there is too much of something to ask for all of it, or to keep
// it. What is told is then partial, yet nothing failed.
var ErrLeftOut = errors.New("there is too much of it, so some is left out")

// LossError is why a part of a listing is missing.
type LossError struct {
	// Doing is what was being done, and Of for whom; Of may change from pass to
	// pass while the loss is the same.
	Doing, Of string
	// Cause is why.
	Cause error
}

// Error implements error.
func (e *LossError) Error() string { return e.Doing + " " + e.Of + ": " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *LossError) Unwrap() error { return e.Cause }

// Key leaves out for whom the loss is.
func (e *LossError) Key() string { return e.Doing + ": " + Key(e.Cause) }

// Key tells whether two errors are the same one, worded anew: errors whose text
// changes from pass to pass have a method Key of their own.
func Key(err error) string {
	var keyed interface{ Key() string }
	if errors.As(err, &keyed) {
		return keyed.Key()
	}
	return err.Error()
}

// Source is the door to one system. Each method blocks until it has an answer or
// the context ends; what could not be read is told beside the data.
type Source interface {
	// OpenSessions lists every open session that any viewer shows. An error means
	// that nothing could be read; losses short of that are in Coverage.
	OpenSessions(ctx context.Context) ([]Session, Coverage, error)
	// ClosedSessions lists the sessions that were closed since a mark, also those
	// that were never seen open, and returns the mark of this sweep. A viewer that
	// has no entry in the mark gets one, and none of its sessions is told. The
	// entry of a viewer whose list could not be read to its end stays. With an
	// error the mark is the one that was given.
	ClosedSessions(ctx context.Context, since Mark) ([]Session, Mark, Coverage, error)
	// Lookup tells these sessions as they are now, open or closed. Where there is no
	// error, one that is missing in the answer does not exist any more. Beside an
	// error are those that could be read; a LookupError says which had their turn.
	Lookup(ctx context.Context, ids []int64) ([]Session, error)
	// Messages reads the records of sessions, the first wants first. It yields a
	// thread for each that could be read and, without a thread, an error for what
	// failed, each once; sessions that are in no thread are to be asked for again.
	// It ends with the context.
	Messages(ctx context.Context, wants []Want) iter.Seq2[Thread, error]
	// Queues lists the queues that exist. It may answer from a short-lived cache.
	Queues(ctx context.Context) ([]Queue, error)
	// Channels lists the connections to messaging services. It may answer from a
	// short-lived cache, but never with the counts of a day that is over.
	Channels(ctx context.Context) ([]Channel, error)
	// Agents lists who answers customers: the agents of the queues and those whose
	// sessions are listed. It may answer from a cache of less than a minute. Beside
	// an error it lists who is known, with the presence that is known.
	Agents(ctx context.Context) ([]Agent, error)
	// Info tells what the system is. The fields that need no answer from the
	// system are filled in even beside an error.
	Info(ctx context.Context) (Info, error)
	// Close gives back what was taken from the system, such as tokens.
	Close(ctx context.Context) error
}

// QueueNamer is a Source for which the facts about queues take requests of their own.
// Whoever needs only to know which queues there are asks here and waits for none.
type QueueNamer interface {
	// QueueNames lists the queues that exist, with what is known of them already.
	QueueNames(ctx context.Context) ([]Queue, error)
}

// LookupError is why a look-up did not tell all sessions.
type LookupError struct {
	// Asked are the sessions that had their turn, whether they could be read or not.
	Asked []int64
	// Cause is why the others had none, or could not be read.
	Cause error
}

// Error implements error.
func (e *LookupError) Error() string { return "looking sessions up: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *LookupError) Unwrap() error { return e.Cause }

// Info is what a system tells of itself.
type Info struct {
	// System is the system's kind, such as "yeastar".
	System string
	// Version is the system's version, empty where it was never told.
	Version string
	// States are the states that a session of this system can have.
	States []State
	// Failures are the reasons for which a message may not be delivered, as they
	// stand in Record.Failure.
	Failures []string
	// ReadsTold is true where the system tells whether customers have read what was
	// written to them.
	ReadsTold bool
	// IdleTimeout is after how long of silence the system closes a session, 0 where
	// that is not known.
	IdleTimeout time.Duration
	// AcceptedAt is when a call with our credentials last succeeded, by our
	// clock; zero if none has.
	AcceptedAt time.Time
}

// Coverage says how much of a listing was read.
type Coverage struct {
	// Read counts the viewers whose list was read to its end.
	Read int
	// Failed are the viewers whose list could not be read.
	Failed []string
	// Cut are the viewers whose list was left early, at a page limit or the
	// deadline.
	Cut []CutViewer
	// Assumed counts the sessions whose state rests on a fact that the system
	// did not tell.
	Assumed int
	// TimesUnproved is true while nothing shows that the absolute times which the
	// system tells are in the time zone that they are taken for.
	TimesUnproved bool
	// TimedOut is true where the deadline is the reason for a loss.
	TimedOut bool
	// Problems are the errors behind the losses, each with what it concerns.
	Problems []error
	// Warnings are what an operator should know although nothing is missing.
	Warnings []error
}

// Complete reports whether nothing was left out.
func (c Coverage) Complete() bool {
	return c.AllViewers() && c.Assumed == 0 && len(c.Problems) == 0
}

// AllViewers reports whether every list was read to its end.
func (c Coverage) AllViewers() bool { return len(c.Failed) == 0 && len(c.Cut) == 0 }

// CutViewer is a viewer whose list was left early.
type CutViewer struct {
	// Name is the viewer's.
	Name string
	// Since is when the round of passes began that has reached, or will reach,
	// every session of the list: what the viewer has not shown since then is gone.
	Since time.Time
}
