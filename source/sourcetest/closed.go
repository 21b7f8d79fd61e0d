package sourcetest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// sweep reads the closed sessions. A system that has no list of them skips the
// part.
func sweep(t *testing.T, src conversation.Source, since conversation.Mark) ([]conversation.Session, conversation.Mark, conversation.Coverage) {
	t.Helper()
	before := maps.Clone(since.Viewers)
	sessions, mark, cover, err := src.ClosedSessions(t.Context(), since)
	if errors.Is(err, conversation.ErrUnsupported) {
		t.Skip("the system does not list what is closed")
	}
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(before, since.Viewers) {
		t.Errorf("the mark that was given, %v, has been changed to %v", before, since.Viewers)
	}
	for _, session := range sessions {
		noCanary(t, fmt.Sprintf("%+v", session))
		if !session.Closed || session.State == "" || session.Channel == "" || session.ShownBy == nil || session.ListedAt.IsZero() || session.LastMessage == 0 && session.LastActivity.IsZero() {
			t.Errorf("told as closed: %+v", session)
		}
	}
	return sessions, mark, cover
}

// closedOnce closes some sessions, one of which nobody saw open.
func closedOnce(t *testing.T, s System) {
	src := s.Source(t)
	ids := s.Open(t, 30)
	s.Close(t, ids[0])
	list(t, src)
	told, mark, cover := sweep(t, src, conversation.Mark{})
	if len(told) != 0 || !cover.Complete() || len(mark.Viewers) == 0 {
		t.Fatalf("before any mark: told %v, mark %v, coverage %+v", idsOf(told), mark, cover)
	}
	if told, mark, _ = sweep(t, src, mark); len(told) != 0 {
		t.Errorf("nothing was closed, and told was %v", idsOf(told))
	}
	visitor := s.Open(t, 1)[0]
	want := []int64{ids[1], ids[2], ids[20], visitor}
	for _, id := range want {
		s.Close(t, id)
	}
	s.Advance(time.Minute)
	slices.Sort(want)
	told, next, cover := sweep(t, src, mark)
	if !slices.Equal(idsOf(told), want) || !cover.Complete() {
		t.Errorf("told %v as closed, want %v; coverage %+v", idsOf(told), want, cover)
	}
	if told, _, _ := sweep(t, src, next); len(told) != 0 {
		t.Errorf("told %v again", idsOf(told))
	}
	// With the old mark they are told once more.
	if told, _, _ = sweep(t, src, mark); !slices.Equal(idsOf(told), want) {
		t.Errorf("with the old mark %v are told, want %v", idsOf(told), want)
	}
	for _, session := range list(t, src) {
		if session.Closed || slices.Contains(want, session.ID) {
			t.Errorf("told as open: %+v", session)
		}
	}
}

// closedViewer closes a session that a viewer shows while its list fails.
func closedViewer(t *testing.T, s System) {
	oneList(t, s)
	src := s.Source(t)
	s.Open(t, 40)
	var its, other int64
	for _, session := range list(t, src) {
		if session.ShownBy.Has(s.Viewer()) {
			its = session.ID
		} else {
			other = session.ID
		}
	}
	_, mark, _ := sweep(t, src, conversation.Mark{})
	s.Close(t, its)
	s.Close(t, other)
	s.FailViewer(true)
	told, next, cover := sweep(t, src, mark)
	if !slices.Contains(idsOf(told), other) || !slices.Equal(cover.Failed, []string{s.Viewer()}) || cover.Complete() || len(cover.Problems) == 0 {
		t.Errorf("told %v, coverage %+v", idsOf(told), cover)
	}
	if at, ok := next.Viewers[s.Viewer()]; !ok || at != mark.Viewers[s.Viewer()] {
		t.Errorf("the mark of %s was %d and is %d, although its list was not read", s.Viewer(), mark.Viewers[s.Viewer()], at)
	}
	s.FailViewer(false)
	s.Advance(time.Minute)
	if told, next, _ = sweep(t, src, next); !slices.Contains(idsOf(told), its) || slices.Contains(idsOf(told), other) {
		t.Errorf("told %v once the list can be read again, want %d", idsOf(told), its)
	}
	s.Fail(true)
	told, same, _, err := src.ClosedSessions(t.Context(), next)
	if err == nil || len(told) != 0 || !maps.Equal(same.Viewers, next.Viewers) {
		t.Errorf("a system that fails tells %v, mark %v, error %v", idsOf(told), same, err)
	}
}
