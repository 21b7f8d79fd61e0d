package world

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOpenNeedsOnePlace(t *testing.T) {
	for name, c := range map[string]struct {
		opening Opening
		want    error
	}{
		"nowhere":           {Opening{}, ErrNotAllowed},
		"two places":        {Opening{QueueID: QueueSupport, API: true}, ErrNotAllowed},
		"unknown queue":     {Opening{QueueID: 99}, ErrNotFound},
		"unknown extension": {Opening{Extension: "9"}, ErrNotFound},
		"unknown medium":    {Opening{API: true, Medium: "fax"}, ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			if _, err := w.Open(c.opening); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n := len(w.OpenSessions()); n != 0 {
				t.Errorf("%d sessions were opened", n)
			}
		})
	}
}

func TestStatesAndViewers(t *testing.T) {
	members := []Viewer{"1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "1009", "1010"}
	for name, c := range map[string]struct {
		opening Opening
		act     func(w *World, id int64) error
		state   State
		viewers []Viewer
	}{
		"waiting": {Opening{QueueID: QueueSupport}, nil, Queued, members},
		"waiting and put away by one": {
			Opening{QueueID: QueueSupport},
			func(w *World, id int64) error { return w.Archive(id, "1001") }, Queued, members,
		},
		"picked up": {
			Opening{QueueID: QueueSupport},
			func(w *World, id int64) error { return w.PickUp(id, 502) }, Assigned,
			[]Viewer{"1002"},
		},
		"answered in a manual queue": {
			Opening{QueueID: QueueSupport},
			func(w *World, id int64) error { return w.AgentWrites(id, "1003") }, Queued, members,
		},
		"answered in an auto queue": {
			Opening{QueueID: QueueSales},
			func(w *World, id int64) error { return w.AgentWrites(id, "1014") }, Assigned,
			[]Viewer{"1014"},
		},
		"without pick-up": {
			Opening{QueueID: QueueCommunity},
			func(w *World, id int64) error { return w.AgentWrites(id, "1018") }, Shared,
			[]Viewer{"1018", "1019", "1020", "1021"},
		},
		"direct": {Opening{Extension: "1005"}, nil, Assigned, []Viewer{"1005"}},
		"put away": {
			Opening{Extension: "1005"},
			func(w *World, id int64) error { return w.Archive(id, "1005") }, Archived,
			[]Viewer{"1005"},
		},
		"automated": {Opening{API: true}, nil, Automated, []Viewer{API}},
		"automated and put away": {
			Opening{API: true},
			func(w *World, id int64) error { return w.Archive(id, API) }, Automated,
			[]Viewer{API},
		},
		"handed over": {
			Opening{API: true},
			func(w *World, id int64) error { return w.HandOver(id, QueueSupport) }, Queued, members,
		},
		"given to an agent": {
			Opening{QueueID: QueueSupport},
			func(w *World, id int64) error { return w.TransferToExtension(id, "1024") }, Assigned,
			[]Viewer{"1024"},
		},
		"given to the API": {
			Opening{Extension: "1001"},
			func(w *World, id int64) error { return w.TransferToAPI(id) }, Automated,
			[]Viewer{API},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			id := opened(t, w, c.opening)
			if c.act != nil {
				must(t, c.act(w, id))
			}
			if got, _ := w.State(id); got != c.state {
				t.Errorf("state %s, want %s", got, c.state)
			}
			if got := w.States()[c.state]; got != 1 {
				t.Errorf("%d sessions counted as %s, want 1", got, c.state)
			}
			if got, _ := w.Viewers(id); !slices.Equal(got, c.viewers) {
				t.Errorf("seen by %v, want %v", got, c.viewers)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		opening Opening
		act     func(w *World, id int64) error
		want    error
	}{
		"unknown session":          {Opening{API: true}, func(w *World, id int64) error { return w.CustomerWrites(id + 1) }, ErrNotFound},
		"member of another queue":  {Opening{QueueID: QueueSupport}, func(w *World, id int64) error { return w.PickUp(id, 511) }, ErrNotFound},
		"extension id as a member": {Opening{QueueID: QueueSupport}, func(w *World, id int64) error { return w.PickUp(id, 101) }, ErrNotFound},
		"pick-up switched off":     {Opening{QueueID: QueueCommunity}, func(w *World, id int64) error { return w.PickUp(id, 524) }, ErrNotAllowed},
		"nothing to pick up":       {Opening{Extension: "1001"}, func(w *World, id int64) error { return w.PickUp(id, 501) }, ErrNotAllowed},
		"agent of another queue":   {Opening{QueueID: QueueSupport}, func(w *World, id int64) error { return w.AgentWrites(id, "1020") }, ErrNotAllowed},
		"another agent's":          {Opening{Extension: "1001"}, func(w *World, id int64) error { return w.AgentWrites(id, "1002") }, ErrNotAllowed},
		"agent in a bot's":         {Opening{API: true}, func(w *World, id int64) error { return w.AgentWrites(id, "1001") }, ErrNotAllowed},
		"bot in an agent's":        {Opening{Extension: "1001"}, func(w *World, id int64) error { return w.APIWrites(id) }, ErrNotAllowed},
		"hand-over by no bot":      {Opening{Extension: "1001"}, func(w *World, id int64) error { return w.HandOver(id, QueueSupport) }, ErrNotAllowed},
		"hand-over to nowhere":     {Opening{API: true}, func(w *World, id int64) error { return w.HandOver(id, 99) }, ErrNotFound},
		"transfer to nobody":       {Opening{API: true}, func(w *World, id int64) error { return w.TransferToExtension(id, "9") }, ErrNotFound},
		"put away unseen":          {Opening{API: true}, func(w *World, id int64) error { return w.Archive(id, "1001") }, ErrNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			id := opened(t, w, c.opening)
			before := get(t, w, id)
			if err := c.act(w, id); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if after := get(t, w, id); after.LastMessageID != before.LastMessageID {
				t.Error("a record was written all the same")
			}
		})
	}
}

func TestClosedSessionsRefuse(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{Extension: "1001"})
	must(t, w.Close(id, ByAgent))
	for name, err := range map[string]error{
		"close": w.Close(id, ByCustomer), "answer": w.AgentWrites(id, ""),
		"transfer": w.TransferToAPI(id), "pick up": w.PickUp(id, 501),
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("%s gave %v", name, err)
		}
	}
	if s := get(t, w, id); s.Reason != ByAgent || !s.Ended.Equal(w.Now()) {
		t.Errorf("closed %q at %s", s.Reason, s.Ended)
	}
}

func TestEveryRecordTakesTheNextID(t *testing.T) {
	w := still(t)
	other := opened(t, w, Opening{API: true})
	id := opened(t, w, Opening{QueueID: QueueSupport})
	last := get(t, w, id).LastMessageID
	for name, act := range map[string]func() error{
		"customer": func() error { return w.CustomerWrites(id) },
		"queue":    func() error { return w.TransferToQueue(id, QueueSupport) },
	} {
		must(t, act())
		got := get(t, w, id).LastMessageID
		if got != last+1 {
			t.Errorf("%s: last id %d after %d", name, got, last)
		}
		last = got
	}
	must(t, w.Archive(id, "1001"))
	if got := get(t, w, id).LastMessageID; got != last {
		t.Error("archiving took an id")
	}
	must(t, w.PickUp(id, 501))
	must(t, w.AgentWrites(id, ""))
	must(t, w.Close(id, ByAgent))
	if got := get(t, w, id).LastMessageID; got != last+3 {
		t.Errorf("last id %d, want %d", got, last+3)
	}
	must(t, w.APIWrites(other))
	if got := get(t, w, other).LastMessageID; got != last+4 {
		t.Errorf("ids are not common to all sessions: %d, want %d", got, last+4)
	}
}

func TestWindow(t *testing.T) {
	for name, c := range map[string]struct {
		opening Opening
		has     bool
		over    bool
	}{
		"whatsapp":          {Opening{API: true, Medium: WhatsApp}, true, false},
		"facebook":          {Opening{API: true, Medium: Facebook}, true, false},
		"sms":               {Opening{API: true, Medium: SMS}, false, false},
		"livechat":          {Opening{API: true, Medium: Livechat}, false, false},
		"unasked campaign":  {Opening{API: true, Campaign: true}, true, true},
		"first by an agent": {Opening{Extension: "1001", Outbound: true}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := still(t)
			s := get(t, w, opened(t, w, c.opening))
			end, has := s.WindowEnd()
			if has != c.has {
				t.Fatalf("has a window: %t", has)
			}
			if !has {
				return
			}
			if over := !end.After(w.Now()); over != c.over {
				t.Errorf("over: %t, want %t", over, c.over)
			}
			must(t, w.CustomerWrites(s.ID))
			s = get(t, w, s.ID)
			if end, _ := s.WindowEnd(); !end.Equal(w.Now().Add(ReplyWindow)) {
				t.Errorf("ends %s after the customer's message", end.Sub(w.Now()))
			}
		})
	}
}

func TestReopening(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{QueueID: QueueSupport})
	must(t, w.PickUp(id, 501))
	must(t, w.Archive(id, "1001"))
	must(t, w.Close(id, ByAgent))
	w.Advance(time.Hour)
	must(t, w.CustomerWrites(id))
	s := get(t, w, id)
	if s.Closed || s.Reason != "" || s.MemberID != 0 || len(s.ArchivedBy) != 0 || !s.Entered.Equal(w.Now()) {
		t.Errorf("not as new: %+v", s)
	}
	if state, _ := w.State(id); state != Queued {
		t.Errorf("it is %s", state)
	}
}

func TestCopiesAreCopies(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{Extension: "1001"})
	must(t, w.Archive(id, "1001"))
	s := get(t, w, id)
	s.ArchivedBy[0] = "x"
	w.Queues()[0].Members[0].ID = -1
	w.Agents()[0].Name = "x"
	s = get(t, w, id)
	if !s.IsArchivedBy("1001") || w.Queues()[0].Members[0].ID == -1 || w.Agents()[0].Name == "x" {
		t.Error("a copy reaches into the world")
	}
}

func TestCanaries(t *testing.T) {
	w := still(t)
	for _, m := range []Medium{WhatsApp, Facebook, SMS, Livechat} {
		s := get(t, w, opened(t, w, Opening{API: true, Medium: m}))
		if !strings.HasPrefix(s.Customer.Name, "Canary Customer ") || !strings.HasPrefix(s.Customer.Number, "+999000") ||
			!strings.HasPrefix(s.DID, "+999") || s.Medium != m {
			t.Errorf("%+v", s)
		}
	}
	for _, a := range w.Agents() {
		if !strings.HasPrefix(a.Name, "Canary Agent ") {
			t.Errorf("agent %q", a.Name)
		}
	}
}

func TestSetModeAndPresence(t *testing.T) {
	w := still(t)
	id := opened(t, w, Opening{QueueID: QueueSupport})
	must(t, w.SetMode(QueueSupport, ModeNone))
	if state, _ := w.State(id); state != Shared {
		t.Errorf("it is %s", state)
	}
	must(t, w.SetPresence("1002", Away, false))
	if a := w.Agents()[1]; a.Presence != Away || a.Clients != 0 {
		t.Errorf("%+v", a)
	}
	if err := w.SetMode(99, ModeAuto); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if err := w.SetPresence("9", Away, true); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
