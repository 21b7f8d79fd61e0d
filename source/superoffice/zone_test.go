package superoffice

import (
	"errors"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// clocked writes an instant as a server in a zone does.
func clocked(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02T15:04:05")
}

// On 25 October 2026 the clocks of Oslo go back at 1 o'clock UTC, on 29 March forward.
func TestR34TheNightsInWhichTheClocksChange(t *testing.T) {
	zone := oslo(t)
	for name, turn := range map[string]time.Time{
		"back":    time.Date(2026, time.October, 25, 1, 0, 0, 0, time.UTC),
		"forward": time.Date(2026, time.March, 29, 1, 0, 0, 0, time.UTC),
	} {
		for dynamic, operator := range map[string]string{"": "in", ", session by session": ""} {
			t.Run(name+dynamic, func(t *testing.T) {
				s := newStub(t)
				s.clock.now, s.dynamic = turn.Add(-90*time.Minute+900*time.Millisecond), operator
				src := s.source(t, func(o *Options) { o.TimeZone = zone })
				requested := map[int64]time.Time{
					1: turn.Add(-70 * time.Minute), 2: turn.Add(-55 * time.Minute), 3: turn.Add(-5 * time.Minute), 4: turn.Add(8 * time.Minute), 5: turn.Add(70 * time.Minute),
				}
				started := turn.Add(-40 * time.Minute)
				for s.clock.Now().Before(turn.Add(2 * time.Hour)) {
					now := s.clock.Now()
					s.do(func() {
						s.chats = nil
						for id, at := range requested {
							if at.After(now) {
								continue
							}
							c := chat{id: id, topic: 3, status: 4, requested: clocked(at, zone), idle: clocked(at, zone), fetched: clocked(now, zone)}
							if id == 2 && !now.Before(started) {
								c.status, c.started, c.user = 5, clocked(started, zone), 67
							}
							s.chats = append(s.chats, c)
						}
					})
					for id, got := range read(t, src) {
						if !got.Requested.Equal(requested[id]) || !got.Started.IsZero() && !got.Started.Equal(started) || got.LastActivity.After(now) {
							t.Fatalf("at %s, chat %d: told %+v, want %s", now, id, got, requested[id])
						}
					}
					s.clock.advance(46*time.Second + 300*time.Millisecond)
				}
			})
		}
	}
}

func TestTheHourThatIsThereTwiceIsKnownByItsZone(t *testing.T) {
	turn := time.Date(2026, time.October, 25, 1, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]bool{
		-time.Hour - time.Second: false, -time.Hour: true, -time.Second: true, 0: true, time.Hour - time.Second: true, time.Hour: false,
	} {
		if got := isTwice(turn.Add(after), oslo(t)); got != want {
			t.Errorf("%s after the clocks go back: %t", after, got)
		}
	}
	spring := time.Date(2026, time.March, 29, 1, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{turn, spring, spring.Add(-time.Second), spring.Add(time.Hour)} {
		if zone := oslo(t); isTwice(at, time.UTC) || at.Month() == time.March && isTwice(at, zone) {
			t.Errorf("%s is there twice", at)
		}
	}
}

// What is hours off is told to nobody, and told again once the zone is right.
func TestR34InAWrongZoneNoDatesOfSessionsAreTold(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": time.Hour, "behind": -9 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			s := newStub(t)
			s.dynamic = "in"
			write := func(off time.Duration) {
				now := s.clock.Now().Add(off)
				s.do(func() {
					s.chats = []chat{
						{id: 1, topic: 3, status: 4, requested: local(start().Add(off - 10*time.Minute)), fetched: local(now)},
						{id: 2, topic: 3, status: 6, user: 67, requested: local(start().Add(off - 20*time.Minute)), started: local(start().Add(off - 15*time.Minute)), fetched: local(now)},
					}
				})
			}
			src := s.source(t, nil)
			var sessions []conversation.Session
			var cover conversation.Coverage
			for range 3 {
				write(off)
				var err error
				sessions, cover, err = src.OpenSessions(t.Context())
				must(t, err)
				s.clock.advance(time.Minute)
			}
			var zone *WrongZoneError
			if !errors.As(errors.Join(cover.Problems...), &zone) || zone.Off != off || len(cover.Warnings) != 0 {
				t.Errorf("coverage %+v", cover)
			}
			looked, err := src.Lookup(t.Context(), []int64{1, 2})
			must(t, err)
			for _, got := range append(sessions, looked...) {
				if !got.Requested.IsZero() || !got.Started.IsZero() || !got.Ended.IsZero() {
					t.Errorf("told %+v", got)
				}
			}
			if found := byID(sessions); found[1].State != conversation.StateQueued || found[2].State != conversation.StateAssigned {
				t.Errorf("told %+v", found)
			}
			write(0)
			if got := read(t, src)[2]; !got.Requested.Equal(start().Add(-20*time.Minute)) || !got.Started.Equal(start().Add(-15*time.Minute)) {
				t.Errorf("in the right zone told %+v", got)
			}
		})
	}
}

// Such a chat would be one that has just come, in every pass.
func TestR34ADateFarInTheFutureIsNotToldAndSaidSo(t *testing.T) {
	s := newStub(t)
	s.dynamic = "in"
	s.chats = []chat{
		{id: 1, topic: 3, status: 4, requested: "2030-01-01T00:00:00Z"},
		{id: 2, topic: 3, status: 4, requested: local(start().Add(50 * time.Second))},
		{id: 3, topic: 3, status: 5, requested: ago(time.Hour), started: "2030-01-01T00:00:00Z", user: 67, fetched: local(start())},
	}
	src := s.source(t, nil)
	sessions, cover, err := src.OpenSessions(t.Context())
	must(t, err)
	found := byID(sessions)
	if !found[1].Requested.IsZero() || !found[2].Requested.Equal(start()) || !found[3].Started.IsZero() || found[3].State != conversation.StateAssigned {
		t.Errorf("told %+v", found)
	}
	if len(cover.Warnings) != 1 || !errors.Is(cover.Warnings[0], errAhead) || !cover.Complete() {
		t.Errorf("coverage %+v", cover)
	}
}
