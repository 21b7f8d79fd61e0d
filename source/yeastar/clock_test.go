package yeastar

import (
	"context"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/simulator/yeastar"
)

// A clock that is wrong is corrected, and warned of in the same words until it is
// right again.
func TestR34AClockThatIsWrongIsWarnedOf(t *testing.T) {
	p := newPBX(t)
	s := p.source(t, nil)
	for _, step := range []struct {
		skew time.Duration
		want string
	}{
		{20 * time.Second, ""},
		{90 * time.Second, "the clock of the PBX is 1m30s ahead of ours, which is corrected: let both"},
		{-93 * time.Second, "the clock of the PBX is 1m33s behind ours, which is corrected: let both"},
		{-58 * time.Second, "the clock of the PBX is 58s behind ours, which is corrected: let both"},
		{-50 * time.Second, ""},
		{-58 * time.Second, ""},
		{36 * time.Hour, "which is corrected, but wrongly for messages from before a clock was set so: let both"},
	} {
		p.Yeastar.Set(func(sw *yeastar.Switches) { sw.ClockSkew = step.skew })
		_, cover, err := s.OpenSessions(context.Background())
		must(t, err)
		if !cover.Complete() {
			t.Errorf("%v: coverage = %+v, want all", step.skew, cover)
		}
		switch {
		case step.want == "" && len(cover.Warnings) == 0:
		case step.want != "" && len(cover.Warnings) == 1 && strings.Contains(cover.Warnings[0].Error(), step.want):
			if key := conversation.Key(cover.Warnings[0]); key != "the clock of the PBX is wrong" {
				t.Errorf("%v: the key is %q", step.skew, key)
			}
		default:
			t.Errorf("%v: warnings = %v, want %q", step.skew, cover.Warnings, step.want)
		}
	}
}
