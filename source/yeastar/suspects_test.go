package yeastar

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// A session that the PBX cannot tell does not keep the others of its batch from
// being read (R31).
func TestR31ASessionThatHangsDoesNotBlockTheOthers(t *testing.T) {
	l := aTalk(200, 5)
	inner := newStub(t, l.answer)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if q := r.URL.Query(); slices.Contains(strings.Split(q.Get("ids")+","+q.Get("id"), ","), "7") {
			<-r.Context().Done()
			return
		}
		inner.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	src := inner.source(t, func(o *Options) { o.URL = front.URL })
	got := map[int64]bool{}
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		var wants []conversation.Want
		for _, w := range l.first(1, 200) {
			if !got[w.Session] {
				wants = append(wants, w)
			}
		}
		for th, err := range src.Messages(ctx, wants) {
			if err == nil {
				got[th.Session] = true
			}
		}
		cancel()
	}
	if len(got) != 199 || got[7] {
		t.Errorf("%d sessions were read of 200 of which one hangs", len(got))
	}
}
