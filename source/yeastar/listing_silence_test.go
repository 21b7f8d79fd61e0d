package yeastar

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What a running PBX that hangs lets nobody ask is not for want of a higher rate.
func TestListsThatAHangingPBXKeepsFromTheirTurnSaySo(t *testing.T) {
	hang := make(chan struct{})
	stub := newStub(t, func(endpoint string, _ url.Values) string {
		if endpoint == pathSearch {
			<-hang
		}
		return `{"errcode":0}`
	})
	defer close(hang)
	s := stub.source(t, func(o *Options) {
		o.Viewers = Viewers{Extensions: []string{"1001", "1002", "1003", "1004", "1005"}}
		o.Concurrency = 2
	})
	pass := func() (conversation.Coverage, string) {
		_, cover, err := s.OpenSessions(within(t, 1300*time.Millisecond))
		if err == nil {
			t.Fatal("nothing could be read, and no error was told")
		}
		return cover, err.Error()
	}
	cover, text := pass()
	for _, want := range []string{
		": message_session/search: no answer in time: look whether the system hangs",
		": message_session/search: not asked, as the system did not answer in time: look whether the system hangs",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("told %q, want %q", text, want)
		}
	}
	if strings.Contains(text, "requests_per_second") || len(cover.Problems) != 2 {
		t.Errorf("told %q", text)
	}
	keys := func(cover conversation.Coverage) map[string]bool {
		m := make(map[string]bool)
		for _, problem := range cover.Problems {
			m[conversation.Key(problem)] = true
		}
		return m
	}
	again, _ := pass()
	for key := range keys(again) {
		if !keys(cover)[key] {
			t.Errorf("the second pass has a failure of its own: %s", key)
		}
	}
}
