package yeastar

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

// viewer is an entity whose list of sessions can be read: an extension by its
// number, or the API where the number is empty.
type viewer struct{ number string }

// The values of user_type and of the API's user_no (vendor's page "Search
// Specific Message Sessions").
const (
	userTypeExtension = "1"
	userTypeAPI       = "9"
	userNoAPI         = "api"
)

func (v viewer) isAPI() bool { return v.number == "" }

// query gives the two parameters that name the viewer.
func (v viewer) query() (userType, userNo string) {
	if v.isAPI() {
		return userTypeAPI, userNoAPI
	}
	return userTypeExtension, v.number
}

// String names the viewer for an operator. An extension's number is an internal
// one, not a customer's.
func (v viewer) String() string {
	if v.isAPI() {
		return "the API"
	}
	return "extension " + v.number
}

// viewers returns whom to ask, each once, the API first. An error means that
// some may be missing.
func (s *Source) viewers(ctx context.Context) ([]viewer, error) {
	numbers := slices.Clone(s.opts.Viewers.Extensions)
	if s.opts.Viewers.QueueMembers {
		numbers = append(numbers, s.dir.members()...)
	}
	var err error
	if s.opts.Viewers.AllExtensions {
		var all []string
		all, err = s.dir.allExtensions(ctx)
		numbers = append(numbers, all...)
	}
	slices.Sort(numbers)
	var list []viewer
	if s.opts.Viewers.API {
		list = append(list, viewer{})
	}
	for _, n := range slices.Compact(numbers) {
		list = append(list, viewer{number: n})
	}
	return list, err
}

// readViewers reads a list of each viewer by read, some at a time and in the order
// of the viewers. A panic in one of them is raised again here, with its own
// stack, where the collector contains it.
func (s *Source) readViewers(viewers []viewer, read func(viewer) listing) []listing {
	lists := make([]listing, len(viewers))
	faults := make(chan *conversation.PanicError, len(viewers))
	slots := make(chan struct{}, s.opts.Concurrency)
	var wg sync.WaitGroup
	for i, v := range viewers {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					faults <- conversation.NewPanicError("listing the sessions", p)
				}
				<-slots
			}()
			lists[i] = read(v)
		})
	}
	wg.Wait()
	select {
	case fault := <-faults:
		panic(fault)
	default:
		return lists
	}
}

// longestUnasked puts those first that were asked longest ago, so that a deadline
// that cuts the lists short does not always cut the same ones.
func (s *Source) longestUnasked(viewers []viewer) []viewer {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.turnAt {
		if !slices.Contains(viewers, v) {
			delete(s.turnAt, v)
			delete(s.misses, v)
			delete(s.left, v)
			delete(s.wholeAt, v)
		}
	}
	return byTurn(viewers, s.turnAt)
}

// byTurn orders viewers by when it was last their turn.
func byTurn(viewers []viewer, turns map[viewer]time.Time) []viewer {
	ordered := slices.Clone(viewers)
	slices.SortStableFunc(ordered, func(a, b viewer) int { return turns[a].Compare(turns[b]) })
	return ordered
}

// configured reports whether a viewer was written by hand.
func (s *Source) configured(v viewer) bool {
	return slices.Contains(s.opts.Viewers.Extensions, v.number)
}

// extensionNumber reports whether a text is the number of an extension. Numbers
// are shown, so that nothing else may pass for one.
func extensionNumber(s string) bool {
	const longest = 32
	return s != "" && len(s) <= longest && !strings.ContainsFunc(s, func(r rune) bool { return (r < '0' || r > '9') && r != '*' && r != '#' })
}

// answered reports whether anything at all could be read.
func answered(lists []listing) bool {
	return slices.ContainsFunc(lists, func(l listing) bool { return l.err == nil || len(l.rows) > 0 })
}

// coverageOf sums up what was read; doing says what that is. Viewers that failed
// for the same reason make one problem.
func coverageOf(doing string, lists []listing) conversation.Coverage {
	var cover conversation.Coverage
	var causes []error
	concerned := make(map[string][]string)
	for _, l := range lists {
		switch {
		case l.err == nil && !l.cut:
			cover.Read++
			continue
		case l.cut:
			cover.Cut = append(cover.Cut, conversation.CutViewer{Name: l.viewer.String(), Since: l.since})
			cover.TimedOut = cover.TimedOut || l.timedOut
		default:
			cover.Failed = append(cover.Failed, l.viewer.String())
		}
		if l.err == nil {
			continue
		}
		key := l.err.Error()
		if concerned[key] == nil {
			causes = append(causes, l.err)
		}
		concerned[key] = append(concerned[key], l.viewer.String())
	}
	for _, cause := range causes {
		cover.Problems = append(cover.Problems, &conversation.LossError{
			Doing: doing, Of: enumerate(concerned[cause.Error()]), Cause: cause,
		})
	}
	return cover
}

// enumerate writes up to three names and the number of the others.
func enumerate(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
