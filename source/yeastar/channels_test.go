package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

func TestChannels(t *testing.T) {
	for name, tc := range map[string]struct {
		answer string
		want   []conversation.Channel
		err    string
	}{
		"a channel as the vendor's page shows it": {
			answer: `{"errcode":0,"total_number":1,"data":[{"id":2,"status":"status_connect_succ","reason":"","name":"Hotline SMS","channel":"twilio",` +
				`"type":"sms","number":["+493000001"],"sent":120,"delivered":117,"failed":3,"received":88}]}`,
			want: []conversation.Channel{{
				Kind: "sms", Name: "Hotline SMS", Provider: "twilio", Up: true, UpTold: true,
				Today: &conversation.Traffic{Sent: 120, Delivered: 117, Failed: 3, Received: 88},
			}},
		},
		"numbers as texts, in a list of the other name": {
			answer: `{"errcode":"0","list":[{"id":"2","status":"status_connect_fail","name":"Desk","channel":"whatsapp","type":"whatsapp","sent":"1","delivered":"0","failed":"","received":"4"}]}`,
			want:   []conversation.Channel{{Kind: "whatsapp", Name: "Desk", Provider: "whatsapp", UpTold: true}},
		},
		"a subscription that is over": {
			answer: `{"errcode":0,"data":[{"id":3,"status":"status_sub_invalid","reason":"canary","name":"Page","channel":"facebook","type":"facebook"}]}`,
			want:   []conversation.Channel{{Kind: "facebook", Name: "Page", Provider: "facebook", UpTold: true, Lapsed: true}},
		},
		"without a status it is not known": {
			answer: `{"errcode":0,"data":[{"id":3,"name":"Page","channel":"facebook","type":"facebook","sent":0,"delivered":0,"failed":0,"received":0}]}`,
			want:   []conversation.Channel{{Kind: "facebook", Name: "Page", Provider: "facebook", Today: &conversation.Traffic{}}},
		},
		"none":            {answer: `{"errcode":0,"data":null}`, want: []conversation.Channel{}},
		"no permission":   {answer: `{"errcode":10005}`, err: "Integrations > API"},
		"old firmware":    {answer: `{"errcode":10001}`, err: "firmware is too old"},
		"a part":          {answer: `{"errcode":1,"data":[]}`, err: conversation.ErrPart.Error()},
		"no list at all":  {answer: `<html>`, err: "message_channel/list"},
		"a count is none": {answer: `{"errcode":0,"data":[{"id":2,"sent":"canary"}]}`, err: "message_channel/list"},
	} {
		t.Run(name, func(t *testing.T) {
			stub := newStub(t, func(endpoint string, query url.Values) string {
				if endpoint == pathChannels && query.Get("time_range") == "today" && query.Get("page") == "1" {
					return tc.answer
				}
				return `{"errcode":40002}`
			})
			channels, err := stub.source(t, nil).Channels(context.Background())
			if tc.err == "" && (err != nil || !reflect.DeepEqual(channels, tc.want)) {
				t.Errorf("channels = %+v, %v; want %+v", channels, err, tc.want)
			}
			if tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), "canary")) {
				t.Errorf("error = %v, want %s", err, tc.err)
			}
		})
	}
}

// The list is kept for 10 minutes, but not beyond the PBX's midnight, when its
// counts begin anew. A failure is not kept.
func TestChannelsAreKeptUntilMidnight(t *testing.T) {
	world := newPBX(t).World // Its clock shows 09:00 UTC.
	asked, fails := 0, false
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		switch {
		case endpoint == pathSystem:
			return `{"errcode":0,"data":{"firmware_version":"83.20","system_time":"2026/03/02 11:54:00 PM"}}`
		case fails:
			return `{"errcode":10005}`
		}
		asked++
		return fmt.Sprintf(`{"errcode":0,"data":[{"id":1,"type":"sms","sent":0,"delivered":0,"failed":0,"received":%d}]}`, asked)
	})
	s := stub.source(t, func(o *Options) { o.Clock = world.Clock() })
	if _, err := s.Info(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after time.Duration
		fails bool
		want  int64
	}{
		{0, false, 1},
		{5 * time.Minute, false, 1},
		{59 * time.Second, true, 1},
		{time.Second, true, 0},
		{0, false, 2},
		{9*time.Minute + 59*time.Second, false, 2},
		{time.Second, false, 3},
	} {
		world.Advance(step.after)
		fails = step.fails
		channels, err := s.Channels(context.Background())
		switch {
		case step.want == 0 && err == nil:
			t.Errorf("%s: a failure was not told", world.Now())
		case step.want > 0 && (err != nil || channels[0].Today.Received != step.want):
			t.Errorf("%s: %+v, %v; want answer %d", world.Now(), channels, err, step.want)
		}
	}
}

func TestMidnight(t *testing.T) {
	at := start()
	for text, left := range map[string]time.Duration{
		"2026-03-02 09:00:00":    15 * time.Hour,
		"2026/03/02 23:59:59":    time.Second,
		"03-02-2026 12:30 AM":    23*time.Hour + 30*time.Minute,
		"03-02-2026 12:30:10 pm": 11*time.Hour + 29*time.Minute + 50*time.Second,
		"Mon 9:05 p.m.":          2*time.Hour + 55*time.Minute,
		"00:00":                  24 * time.Hour,
	} {
		if got := midnightOf(text, at); !got.Equal(at.Add(left)) {
			t.Errorf("%q: midnight in %s, want %s", text, got.Sub(at), left)
		}
	}
	for _, text := range []string{"", "2026-03-02", "25:00", "12:60", "13:00 PM", "0:30 am", "noon"} {
		if got := midnightOf(text, at); !got.IsZero() {
			t.Errorf("%q: midnight at %s, want none", text, got)
		}
	}
	midnight := at.Add(time.Hour)
	for _, tc := range []struct {
		from, to time.Duration
		want     bool
	}{
		{0, 59 * time.Minute, false},
		{0, time.Hour, true},
		{time.Hour, 2 * time.Hour, false},
		{-24 * time.Hour, -23 * time.Hour, true},
		{2 * time.Hour, 26 * time.Hour, true},
		{-22 * time.Hour, 0, false},
	} {
		if got := dayBetween(at.Add(tc.from), at.Add(tc.to), midnight); got != tc.want {
			t.Errorf("a midnight between %s and %s: %t, want %t", tc.from, tc.to, got, tc.want)
		}
	}
	if dayBetween(at, at.Add(48*time.Hour), time.Time{}) {
		t.Error("a midnight that is not known lies between two instants")
	}
}

func FuzzMidnight(f *testing.F) {
	f.Add("2026/03/02 11:54:00 PM")
	f.Fuzz(func(t *testing.T, text string) {
		at := start()
		if m := midnightOf(text, at); !m.IsZero() && (m.Sub(at) <= -2*time.Second || m.Sub(at) > fullDay) {
			t.Errorf("midnight in %s", m.Sub(at))
		}
	})
}
