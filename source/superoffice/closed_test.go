package superoffice

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// sweep reads the closed sessions and expects that nothing was lost.
func sweeps(t *testing.T, src *Source, since conversation.Mark) ([]int64, map[int64]conversation.Session, conversation.Mark) {
	t.Helper()
	sessions, mark, cover, err := src.ClosedSessions(t.Context(), since)
	if err != nil || !cover.Complete() {
		t.Fatalf("coverage %+v, error %v", cover, err)
	}
	found := byID(sessions)
	return slices.Sorted(maps.Keys(found)), found, mark
}

func TestR23ClosedSessionsAreToldOnceByTheirIDAndByTheirEnd(t *testing.T) {
	for name, old := range map[string]bool{"a server of today": false, "one that lacks the status": true} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.old = old
			s.chats = []chat{
				{id: 10, topic: 3, status: 5, requested: ago(time.Hour), started: ago(time.Hour)},
				{id: 11, topic: 3, status: 9, requested: ago(time.Hour), ended: ago(2 * time.Minute)},
				{id: 12, topic: 3, status: 4, requested: ago(time.Hour)},
			}
			src := s.source(t, nil)
			told, _, mark := sweeps(t, src, conversation.Mark{})
			if len(told) != 0 || len(mark.Viewers) != 1 || mark.Session < 11 || !old && mark.Session != 11 {
				t.Fatalf("before any mark: told %v, mark %+v", told, mark)
			}
			s.clock.advance(time.Minute)
			if told, _, mark = sweeps(t, src, mark); len(told) != 0 {
				t.Errorf("nothing was closed, and told were %v", told)
			}
			end := local(s.clock.Now())
			s.do(func() {
				s.chats[0].status, s.chats[0].ended = 7, end
				s.chats[2].status, s.chats[2].ended = 11, end
				s.chats = append(s.chats, chat{id: 13, topic: 5, status: 10, requested: end, started: end, ended: end}, chat{id: 14, status: 4, requested: end})
			})
			s.clock.advance(time.Minute)
			told, sessions, next := sweeps(t, src, mark)
			if !slices.Equal(told, []int64{10, 12, 13}) {
				t.Errorf("told %v", told)
			}
			if !old {
				for id, want := range map[int64]conversation.CloseReason{10: "", 12: conversation.ClosedAbandoned, 13: conversation.ClosedAsTicket} {
					if got := sessions[id]; got.CloseReason != want || !got.Closed || got.Ended.IsZero() || got.LastActivity.IsZero() {
						t.Errorf("session %d = %+v", id, got)
					}
				}
				if sessions[12].State != conversation.StateQueued || sessions[10].State != conversation.StateAssigned {
					t.Errorf("left as %+v", sessions)
				}
			}
			if again, _, _ := sweeps(t, src, next); len(again) != 0 {
				t.Errorf("told %v again", again)
			}
			if again, _, _ := sweeps(t, src, mark); !slices.Equal(again, told) {
				t.Errorf("with the old mark %v are told, want %v", again, told)
			}
			// One that is opened again and closed again has a new end.
			s.clock.advance(time.Minute)
			s.do(func() { s.chats[0].ended = local(s.clock.Now()) })
			if told, _, _ = sweeps(t, src, next); !slices.Equal(told, []int64{10}) {
				t.Errorf("told %v, want 10 once more", told)
			}
		})
	}
}

func TestR23ASweepThatFailsLeavesTheMark(t *testing.T) {
	s := newStub(t)
	s.chats = []chat{{id: 11, topic: 3, status: 9, ended: ago(time.Minute)}}
	src := s.source(t, nil)
	_, _, mark := sweeps(t, src, conversation.Mark{})
	s.do(func() { s.fail = func(*http.Request) int { return http.StatusServiceUnavailable } })
	sessions, same, cover, err := src.ClosedSessions(t.Context(), mark)
	if err == nil || len(sessions) != 0 || fmt.Sprint(same) != fmt.Sprint(mark) || len(cover.Failed) != 1 {
		t.Errorf("told %v, mark %+v, coverage %+v, error %v", sessions, same, cover, err)
	}
	noCanary(t, err)
}

func TestR23WhatAHalfSweepToldIsToldAgain(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	_, _, mark := sweeps(t, src, conversation.Mark{})
	s.do(func() {
		s.chats = []chat{{id: 20, topic: 3, status: 9, ended: local(s.clock.Now())}}
		s.fail = func(r *http.Request) int {
			if strings.Contains(r.URL.Query().Get("$filter"), "whenEnded") {
				return http.StatusBadGateway
			}
			return 0
		}
	})
	sessions, same, cover, err := src.ClosedSessions(t.Context(), mark)
	if err != nil || len(sessions) != 1 || same.Session != mark.Session || cover.Complete() {
		t.Errorf("told %+v, mark %+v, coverage %+v, error %v", sessions, same, cover, err)
	}
	s.do(func() { s.fail = nil })
	if told, _, _ := sweeps(t, src, same); !slices.Equal(told, []int64{20}) {
		t.Errorf("told %v", told)
	}
}

func TestR21TheHighestMessageIsToldWhereDynamicTellsIt(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	s.chats = []chat{{id: 1, topic: 3, status: 4}}
	src := s.source(t, nil)
	read(t, src)
	if _, _, mark := sweeps(t, src, conversation.Mark{}); mark.Message != 9999 || mark.Viewers[everybody] != 9999 {
		t.Errorf("mark %+v", mark)
	}
}

func TestR24LookupTellsASessionAsItIsNow(t *testing.T) {
	s := newStub(t)
	s.chats = []chat{
		{id: 1, topic: 3, status: 4, requested: ago(time.Hour), idle: ago(time.Minute)},
		{id: 2, topic: 3, status: 11, requested: ago(time.Hour), ended: ago(time.Minute)},
		{id: 4, topic: 5, status: 9, requested: ago(time.Hour), started: ago(time.Hour), ended: ago(time.Minute)},
	}
	src := s.source(t, nil)
	sessions, err := src.Lookup(t.Context(), []int64{1, 2, 3, 4})
	must(t, err)
	found := byID(sessions)
	if len(found) != 3 || found[1].Closed || found[1].LastActivity.IsZero() || !found[2].Closed || found[2].CloseReason != conversation.ClosedAbandoned || !found[4].Closed || found[4].State != conversation.StateAssigned {
		t.Errorf("told %+v", found)
	}
	noCanary(t, sessions)
	s.do(func() {
		s.fail = func(r *http.Request) int {
			if r.URL.Path == "/so/api/v1/ChatSession/2" {
				return http.StatusBadGateway
			}
			return 0
		}
	})
	if sessions, err = src.Lookup(t.Context(), []int64{1, 2}); err == nil || len(sessions) != 1 {
		t.Errorf("told %+v, error %v", sessions, err)
	}
}
