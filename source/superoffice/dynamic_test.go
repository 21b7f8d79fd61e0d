package superoffice

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// The archive Dynamic that a deadline cuts goes on where it was left: else the newest
// sessions would never have their turn.
func TestR35DynamicGoesOnInTheNextPass(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	for id := range int64(40) {
		s.chats = append(s.chats, chat{id: 1 + id, topic: 3, status: 5, started: ago(time.Hour), idle: ago(time.Minute)})
	}
	src := s.source(t, func(o *Options) { o.PageSize = 10 })
	read(t, src)
	s.clock.advance(time.Minute)
	hang := func(after string) {
		s.do(func() {
			s.fail = func(r *http.Request) int {
				if strings.Contains(r.URL.Path, "Dynamic") && strings.HasSuffix(r.URL.Query().Get("$filter"), after) {
					<-r.Context().Done()
				}
				return 0
			}
		})
	}
	told := func() (known, newest int) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		sessions, _, err := src.OpenSessions(ctx)
		if err != nil || len(sessions) != 40 {
			t.Fatalf("%d sessions, error %v", len(sessions), err)
		}
		for _, session := range sessions {
			if !session.LastActivity.IsZero() {
				known++
				newest = int(session.ID)
			}
		}
		return known, newest
	}
	hang("gt 20")
	if known, newest := told(); known != 20 || newest != 20 {
		t.Errorf("first %d are known, up to %d", known, newest)
	}
	hang("gt 30")
	if known, newest := told(); known != 10 || newest != 30 {
		t.Errorf("then %d are known, up to %d", known, newest)
	}
	hang("never")
	if known, newest := told(); known != 40 || newest != 40 {
		t.Errorf("at last %d are known, up to %d", known, newest)
	}
}

// The archive Dynamic that hangs leaves half of the time for the rest, and is left alone
// after a few passes; one that refuses us, by whatever status, is not used.
func TestDynamicThatHangsOrRefuses(t *testing.T) {
	for _, status := range []int{0, 401, 403} {
		s := newStub(t)
		s.dynamic = "in"
		s.chats = []chat{{id: 1, topic: 3, status: 5, user: 67, started: ago(time.Hour), idle: ago(time.Minute)}}
		s.fail = func(r *http.Request) int {
			if strings.Contains(r.URL.Path, "Dynamic") {
				if status == 0 {
					<-r.Context().Done()
				}
				return status
			}
			return 0
		}
		src := s.source(t, nil)
		for pass := range lateMost + 1 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			sessions, _, err := src.OpenSessions(ctx)
			if err != nil || len(sessions) != 1 || ctx.Err() != nil {
				t.Fatalf("status %d, pass %d: %+v, error %v, no time left: %v", status, pass, sessions, err, ctx.Err())
			}
			if asked := status != 0 || pass == lateMost; asked != (sessions[0].Agent == "67") {
				t.Errorf("status %d, pass %d: agent %q", status, pass, sessions[0].Agent)
			}
			cancel()
			s.clock.advance(time.Minute)
		}
	}
}

// A server may leave out false. Where it tells a bot of no chat at all, it may as well not
// know the column, and who was never picked up is a bot's.
func TestR14AnEmptyFlagIsNoWhereOthersAreTold(t *testing.T) {
	for _, bots := range []string{"true", "null"} {
		s := newStub(t)
		s.dynamic = "in"
		s.chats = []chat{{id: 1, topic: 3, status: 5}, {id: 2, topic: 3, status: 5}}
		row := func(id int, bot string) string {
			return fmt.Sprintf(`{"PrimaryKey":%d,"Column":{"chat_session.id":{"RawValue":%d},"chat_session.status":{"RawValue":5},"chat_session.chatbot_isactive":{"RawValue":%s}}}`, id, id, bot)
		}
		s.answers["/so/api/v1/Archive/Dynamic"] = `{"value":[` + row(1, "null") + "," + row(2, bots) + `]}`
		want := map[string]conversation.State{"true": conversation.StateAssigned, "null": conversation.StateAutomated}[bots]
		if got := read(t, s.source(t, nil)); got[1].State != want || got[2].State != conversation.StateAutomated {
			t.Errorf("the other is told as %s: %+v", bots, got)
		}
	}
}
