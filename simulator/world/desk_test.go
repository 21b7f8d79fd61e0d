package world

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"
)

// chatted opens a chat of a still world and gives its id.
func chatted(t *testing.T, w *World, o ChatOpening) int64 {
	t.Helper()
	id, err := w.Desk().Open(o)
	must(t, err)
	return id
}

// chatOf gives a chat that must be there.
func chatOf(t *testing.T, w *World, id int64) Chat {
	t.Helper()
	c, ok := w.Desk().Chat(id)
	if !ok {
		t.Fatalf("chat %d is not there", id)
	}
	return c
}

func TestChatGoesFromTheQueueToItsEnd(t *testing.T) {
	w := still(t)
	d := w.Desk()
	id := chatted(t, w, ChatOpening{Topic: TopicSupport})
	steps := []struct {
		name   string
		do     func() error
		status ChatStatus
	}{
		{"asks again while he waits", func() error { return d.VisitorWrites(id) }, ChatWaiting},
		{"is picked up", func() error { return d.PickUp(id, "1001") }, ChatOwed},
		{"is answered", func() error { return d.AgentWrites(id) }, ChatAnswered},
		{"writes", func() error { return d.VisitorWrites(id) }, ChatOwed},
		{"gets an address", func() error { return d.AgentSendsLink(id) }, ChatAnswered},
		{"is offered", func() error { return d.Offer(id, "1002") }, ChatAnswered},
		{"is refused", func() error { return d.Reject(id) }, ChatAnswered},
		{"is offered again", func() error { return d.Offer(id, "1003") }, ChatAnswered},
		{"is taken over", func() error { return d.Accept(id) }, ChatAnswered},
		{"reads", func() error { return d.Read(id) }, ChatAnswered},
		{"is reset", func() error { return d.Reset(id) }, ChatWaiting},
		{"is picked up again", func() error { return d.PickUp(id, "1002") }, ChatOwed},
		{"is finished", func() error { return d.Finish(id, ByTimeout) }, ChatFinished},
		{"comes back", func() error { return d.VisitorWrites(id) }, ChatOwed},
		{"ends it", func() error { return d.Finish(id, ByCustomer) }, ChatFinished},
		{"gives stars", func() error { return d.Rate(id, 4) }, ChatFinished},
		{"is put away", func() error { return d.Close(id) }, ChatClosed},
		{"is deleted", func() error { return d.Delete(id) }, ChatDeleted},
	}
	for _, step := range steps {
		w.Advance(10 * time.Second)
		must(t, step.do())
		if c := chatOf(t, w, id); c.Status != step.status {
			t.Fatalf("%s: the status is %s", step.name, c.Status)
		}
	}
	var notices []Notice
	messages, _ := d.Messages(id)
	for i, m := range messages {
		if m.Notice != NoticeNone {
			notices = append(notices, m.Notice)
		}
		if i > 0 && m.ID <= messages[i-1].ID {
			t.Error("the ids do not rise")
		}
	}
	want := []Notice{
		NoticeWelcome, NoticeLink, NoticeRejected, NoticeMoved, NoticeWelcome, NoticeByIdle, NoticeReopened, NoticeByVisitor, NoticeDeleted,
	}
	if !slices.Equal(notices, want) {
		t.Errorf("notices %q", notices)
	}
	c := chatOf(t, w, id)
	if c.Rating != 4 || c.Ended.IsZero() || c.Entered.Sub(c.Requested) != 110*time.Second || c.Started.Sub(c.Requested) != 120*time.Second {
		t.Errorf("%+v", c)
	}
	w.Advance(DefaultKeepClosed + time.Second)
	if _, ok := d.Chat(id); ok {
		t.Error("it is kept for ever")
	}
}

func TestChatRefusesWhatDoesNotFit(t *testing.T) {
	w := still(t)
	d := w.Desk()
	waiting := chatted(t, w, ChatOpening{Topic: TopicSupport})
	bot := chatted(t, w, ChatOpening{Topic: TopicOrders, Bot: true})
	form := chatted(t, w, ChatOpening{Topic: TopicReturns, Status: ChatForm})
	ended := chatted(t, w, ChatOpening{Topic: TopicSupport})
	must(t, d.Leave(ended))
	for name, c := range map[string]struct{ got, want error }{
		"no such chat":            {d.VisitorWrites(1), ErrNotFound},
		"a stranger picks up":     {d.PickUp(waiting, "1020"), ErrNotAllowed},
		"an answer before":        {d.AgentWrites(waiting), ErrNotAllowed},
		"a bot without":           {d.BotWrites(waiting, false), ErrNotAllowed},
		"an offer before":         {d.Offer(waiting, "1002"), ErrNotAllowed},
		"an offer to nobody":      {d.Offer(waiting, "9"), ErrNotFound},
		"an answer to no offer":   {d.Accept(waiting), ErrNotAllowed},
		"a pick-up from a bot":    {d.PickUp(bot, "1006"), ErrNotAllowed},
		"writing at a form":       {d.VisitorWrites(form), ErrNotAllowed},
		"leaving a form":          {d.Leave(form), ErrNotAllowed},
		"a form after the queue":  {d.Enter(waiting, ChatForm), ErrNotAllowed},
		"finishing twice":         {d.Finish(ended, ByAgent), ErrClosed},
		"finishing for nothing":   {d.Finish(waiting, ""), ErrNotFound},
		"resetting what has gone": {d.Reset(ended), ErrClosed},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	if _, err := d.Open(ChatOpening{Topic: 99}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown topic: %v", err)
	}
	if _, err := d.Open(ChatOpening{Topic: TopicSupport, Status: ChatOwed}); !errors.Is(err, ErrNotAllowed) {
		t.Errorf("a beginning in the middle: %v", err)
	}
}

func TestBrowserAsksForNewsUntilItVanishes(t *testing.T) {
	w := still(t)
	id := chatted(t, w, ChatOpening{Topic: TopicSupport})
	w.Advance(time.Hour)
	if age := w.Now().Sub(chatOf(t, w, id).Fetched); age < 0 || age > 2*time.Second {
		t.Errorf("fetched %s ago", age)
	}
	must(t, w.Desk().Vanish(id))
	w.Advance(time.Hour)
	if age := w.Now().Sub(chatOf(t, w, id).Fetched); age < time.Hour {
		t.Errorf("a browser that is gone fetched %s ago", age)
	}
}

func TestAlertsAndAcceptTimesOfATopic(t *testing.T) {
	w := still(t)
	id := chatted(t, w, ChatOpening{Topic: TopicSupport})
	for _, c := range []struct {
		after time.Duration
		alert int
	}{{0, 0}, {3 * time.Minute, 1}, {7 * time.Minute, 2}} {
		w.Advance(c.after)
		if got := chatOf(t, w, id).Alert; got != c.alert {
			t.Errorf("after %s more the alert is %d", c.after, got)
		}
	}
	must(t, w.Desk().PickUp(id, "1001"))
	topic := w.Desk().Topics()[0]
	if topic.AcceptTime != 10*time.Minute || !topic.LastAccept.Equal(w.Now()) {
		t.Errorf("%+v", topic)
	}
}

func TestTopicsOpenByTheClockOfThePlace(t *testing.T) {
	zone := time.FixedZone("", 5*3600+1800)
	w := New(Options{Still: true, Zone: zone, Start: time.Date(2026, time.September, 7, 6, 59, 0, 0, zone)}) // a Monday
	for _, c := range []struct {
		after time.Duration
		open  bool
	}{
		{0, false},
		{time.Minute, true},
		{5 * time.Hour, false},
		{30 * time.Minute, true},
		{6*time.Hour + 30*time.Minute, false},
		{5 * 24 * time.Hour, false},
	} {
		w.Advance(c.after)
		if open, known := w.Desk().TopicOpen(TopicReturns); open != c.open || !known {
			t.Errorf("at %s it is open: %t", w.Now().In(zone), open)
		}
		if open, _ := w.Desk().TopicOpen(TopicSupport); !open {
			t.Error("a topic without hours is closed")
		}
	}
	if _, known := w.Desk().TopicOpen(99); known {
		t.Error("an unknown topic is known")
	}
}

// chatDay gives all that is left of a day of chats.
func chatDay(seed uint64, step time.Duration) (list []Chat, messages []ChatMessage) {
	w := New(Options{Seed: seed, Arrivals: 0.1, Desk: DeskOptions{Arrivals: 2}})
	for range 24 * time.Hour / step {
		w.Advance(step)
	}
	for _, c := range w.Desk().Chats(nil) {
		records, _ := w.Desk().Messages(c.ID)
		list, messages = append(list, c), append(messages, records...)
	}
	return list, messages
}

func TestSameSeedSameChats(t *testing.T) {
	t.Parallel()
	chats, messages := chatDay(5, time.Hour)
	again, same := chatDay(5, time.Minute)
	if !reflect.DeepEqual(chats, again) || !slices.Equal(messages, same) {
		t.Error("the same seed gave two stories")
	}
	other, _ := chatDay(6, time.Hour)
	if reflect.DeepEqual(chats, other) {
		t.Error("another seed gave the same story")
	}
}

// Visitors who chat change nothing of what goes over the channels.
func TestChatsLeaveTheConversationsAlone(t *testing.T) {
	t.Parallel()
	story := func(arrivals float64) (list []Record) {
		advanced(Options{Seed: 5, Desk: DeskOptions{Arrivals: arrivals}, Observe: func(r Record) { list = append(list, r) }}, 3*time.Hour)
		return list
	}
	if quiet := story(0); len(quiet) < 5_000 || !slices.Equal(quiet, story(8)) {
		t.Errorf("of %d records some are others", len(quiet))
	}
}

func TestChatsOfALivelyWorldShowEverything(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 1, Arrivals: 0.1, Desk: DeskOptions{Arrivals: 6}})
	seen := map[string]int{}
	for range 24 * 60 {
		w.Advance(time.Minute)
		for _, c := range w.Desk().Chats(func(c *Chat) bool { return w.clock.now.Sub(c.Requested) < 30*time.Minute }) {
			seen[string(c.Status)]++
			seen["with a bot"] += map[bool]int{true: 1}[c.Bot && c.Status.Open()]
			seen["offered"] += map[bool]int{true: 1}[c.OfferedTo != ""]
			seen["behind others"] += map[bool]int{true: 1}[c.Place > 1]
			seen["rated"] += map[bool]int{true: 1}[c.Rating > 0]
			seen["alert"] += map[bool]int{true: 1}[c.Alert > 0]
			messages, _ := w.Desk().Messages(c.ID)
			for _, m := range messages {
				seen["notice "+string(m.Notice)]++
				seen["unread"] += map[bool]int{true: 1}[!m.Read && m.Side == ChatAgent]
			}
		}
		for _, a := range w.Desk().Attendances() {
			seen["present"] += map[bool]int{true: 1}[a.Present]
			seen["away"] += map[bool]int{true: 1}[!a.Present]
			seen["busy"] += a.Ongoing
		}
	}
	for _, what := range []string{
		"form", "faq", "offline form", "waiting", "owed", "answered", "finished", "deleted", "closed", "posted", "left",
		"with a bot", "offered", "behind others", "rated", "alert", "unread", "present", "away", "busy",
		"notice welcome", "notice link", "notice moved", "notice deleted", "notice rejected", "notice reopened",
		"notice ended by the agent", "notice ended by the visitor", "notice ended by idleness", "notice options",
	} {
		if seen[what] == 0 {
			t.Errorf("%s: not once", what)
		}
	}
	if slips := w.desk.lively.slips; slips != 0 {
		t.Errorf("%d operations were refused", slips)
	}
	if open := len(w.Desk().Chats(func(c *Chat) bool { return c.Status.Open() })); open == 0 || open > 200 {
		t.Errorf("%d chats are open after a day", open)
	}
}

func TestPrefilledChatsLast(t *testing.T) {
	t.Parallel()
	w := New(Options{Seed: 2, Arrivals: 0.1, Desk: DeskOptions{Arrivals: 1}})
	must(t, w.Desk().Prefill(200))
	counts := map[string]int{}
	for range 2 {
		counts = map[string]int{}
		for _, c := range w.Desk().Chats(func(c *Chat) bool { return c.ID < firstChat+200 }) {
			counts[string(c.Status)]++
			counts["bot"] += map[bool]int{true: 1}[c.Bot]
		}
		w.Advance(5 * time.Hour)
	}
	if want := map[string]int{"waiting": 20, "owed": 60, "answered": 120, "bot": 40}; !reflect.DeepEqual(counts, want) {
		t.Errorf("%v", counts)
	}
	if err := New(Options{Still: true, Desk: DeskOptions{Topics: []Topic{}}}).Desk().Prefill(1); !errors.Is(err, ErrNotFound) {
		t.Errorf("without a topic: %v", err)
	}
}
