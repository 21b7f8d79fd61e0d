package conversation

import "testing"

func TestR1Clock(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		want    string
	}{
		"nothing was said":          {nil, "nobody"},
		"the first of two messages": {history(at(0).customer(), at(30).customer()), "since 0, 2 unread"},
		"answered":                  {history(at(0).customer(), at(30).agent()), "nobody"},
		"asked again, twice": {
			history(at(0).customer(), at(30).agent(), at(60).customer(), at(90).customer()), "since 60, 2 unread",
		},
		"all at the same second": {history(at(5).customer(), at(5).agent(), at(5).customer()), "since 5, 1 unread"},
		"an agent writes first":  {history(at(0).agent(), at(10).customer()), "since 10, 1 unread"},
		"closed":                 {history(at(0).customer(), at(60).closed(ClosedByAgent)), "nobody"},
		"back after a week": {
			history(at(0).customer(), at(60).closed(ClosedByTimeout), at(week).customer()), "since 604800, 1 unread",
		},
		"back, and the closing is later than the reply": {
			history(at(0).customer(), at(10).agent(), at(15).customer(), at(20).closed(ClosedByAgent), at(30).customer()),
			"since 30, 1 unread",
		},
		"an agent opens it again, then the customer writes": {
			history(at(0).customer(), at(60).closed(ClosedByAgent), at(70).agent(), at(80).customer()), "since 80, 1 unread",
		},
		"a note is no answer":                  {history(at(0).customer(), at(30).note()), "since 0, 1 unread"},
		"the API is no human":                  {history(at(0).customer(), at(30).api()), "since 0, 1 unread"},
		"a pick-up is no answer":               {history(at(0).customer(), at(30).pickedUp()), "since 0, 1 unread"},
		"a transfer among people is no answer": {history(at(0).customer(), at(30).toAgent()), "since 0, 1 unread"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(tc.records, open(OwnerPeople, int64(len(tc.records)), week+day))
			if got := waiting(&out.Shown); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if out.Settled != out.Shown {
				t.Errorf("nothing is under way, yet %+v is not %+v", out.Settled, out.Shown)
			}
		})
	}
}

// A closing ends the unread messages and the entry into the queue too.
func TestR1ClosingEndsWhatWaits(t *testing.T) {
	out := fold(history(at(0).queued().byBot(), at(5).customer(), at(60).closed(ClosedByCustomer)), gone(hour))
	if f := out.Shown; f.Unanswered != 0 || f.HandedOver != 0 || f.Entered != 0 || f.Unread != 0 || !f.Closed() || f.Awaiting() != AwaitingCustomer {
		t.Errorf("got %+v", f)
	}
}

func TestR2Bots(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		owner   Owner
		want    string
	}{
		"seen automated":                 {history(at(0).customer(), at(9).customer()), OwnerAutomation, "nobody"},
		"moved to a bot by a record":     {history(at(0).customer(), at(9).toBot()), OwnerUnknown, "nobody"},
		"the API has it, but no bot":     {history(at(0).customer(), at(9).toBot()), OwnerPeople, "since 0, 1 unread"},
		"remembered until the hand-over": {history(at(0).customer(), at(9).customer(), at(50).queued().byBot()), OwnerUnknown, "since 50, 2 unread"},
		"answered before the bot had it": {history(at(0).customer(), at(9).agent(), at(20).toBot(), at(50).queued()), OwnerUnknown, "nobody"},
		"what the bot says is no answer": {history(at(0).customer(), at(9).api(), at(50).queued()), OwnerQueue, "since 50, 1 unread"},
		"a human beside the bot answers": {history(at(0).toBot(), at(1).customer(), at(9).agent(), at(50).queued()), OwnerUnknown, "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(tc.records, open(tc.owner, int64(len(tc.records)), hour))
			if got := waiting(&out.Shown); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			want := AwaitingAgent
			if tc.want == "nobody" {
				want = AwaitingCustomer
			}
			if got := out.Shown.Awaiting(); got != want {
				t.Errorf("awaiting %s", got)
			}
		})
	}
}

func TestR3HandOvers(t *testing.T) {
	for name, tc := range map[string]struct {
		records       []Record
		seen          view
		clock, events string
	}{
		"the record names the API":       {history(at(0).customer(), at(50).queued().byBot()), gone(hour), "since 50, 1 unread", "2 handed over"},
		"to an agent":                    {history(at(0).customer(), at(50).toAgent().byBot()), gone(hour), "since 50, 1 unread", "2 handed over"},
		"the API wrote":                  {history(at(0).customer(), at(9).api(), at(50).toAgent()), gone(hour), "since 50, 1 unread", "3 handed over"},
		"the API's message failed":       {history(at(0).customer(), at(9).api().failed(), at(50).toAgent()), gone(hour), "since 50, 1 unread", "3 handed over"},
		"a bot had it by the records":    {history(at(0).toBot(), at(9).customer(), at(50).queued()), gone(hour), "since 50, 1 unread", "1 to api, 3 handed over"},
		"people moved it":                {history(at(0).customer(), at(50).queued()), open(OwnerQueue, 2, hour), "since 0, 1 unread", "2 to queue"},
		"people moved it to a bot":       {history(at(0).customer(), at(50).toBot()), gone(hour), "nobody", "2 to api"},
		"a bot moves it to the API":      {history(at(0).customer(), at(9).api(), at(50).toBot().byBot()), gone(hour), "nobody", "3 to api"},
		"before the customer writes":     {history(at(0).queued().byBot(), at(40).customer()), gone(hour), "since 40, 1 unread", "1 handed over"},
		"at the second he writes":        {history(at(40).customer(), at(40).queued().byBot()), gone(hour), "since 40, 1 unread", "2 handed over"},
		"answered, then asked again":     {history(at(0).customer(), at(50).queued().byBot(), at(60).agent(), at(70).customer()), gone(hour), "since 70, 1 unread", "2 handed over"},
		"from people by the bot back":    {history(at(0).customer(), at(10).toBot(), at(100).queued()), open(OwnerQueue, 3, hour), "since 100, 1 unread", "2 to api, 3 handed over"},
		"twice: the later one":           {history(at(0).customer(), at(10).queued().byBot(), at(20).toBot(), at(90).queued().byBot()), gone(hour), "since 90, 1 unread", "2 handed over, 3 to api, 4 handed over"},
		"only the first move after it":   {history(at(0).api(), at(10).customer(), at(50).queued(), at(60).toAgent()), gone(hour), "since 50, 1 unread", "3 handed over, 4 to agent"},
		"a pick-up ends the bot's":       {history(at(0).customer(), at(9).api(), at(20).pickedUp(), at(50).toAgent()), gone(hour), "since 0, 1 unread", "4 to agent"},
		"a closing ends the bot's":       {history(at(0).customer(), at(9).api(), at(20).closed(ClosedByAgent), at(30).customer(), at(50).queued()), gone(hour), "since 30, 1 unread", "5 to queue"},
		"the API wrote while closed":     {history(at(0).customer(), at(9).closed(ClosedByAgent), at(20).api(), at(30).customer(), at(50).queued()), gone(hour), "since 30, 1 unread", "5 to queue"},
		"people write through the API":   {history(at(0).api().human(), at(9).customer(), at(50).queued()), open(OwnerQueue, 3, hour), "since 9, 1 unread", "3 to queue"},
		"untold, and seen automated":     {history(at(0).customer(), at(9).api(), at(50).moved(), at(60).customer()), open(OwnerAutomation, 4, hour), "nobody", "3 to api"},
		"untold, out of the bot's":       {history(at(0).customer(), at(9).api(), at(50).moved(), at(60).customer()), open(OwnerPeople, 4, hour), "since 50, 2 unread", "3 handed over"},
		"untold, and seen before it":     {history(at(0).customer(), at(50).moved()), open(OwnerAutomation, 1, hour), "since 50, 1 unread", "2 handed over"},
		"a listing of the bot's stretch": {history(at(0).customer(), at(50).queued()), open(OwnerAutomation, 1, hour), "since 50, 1 unread", "2 handed over"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(tc.records, tc.seen)
			if got := waiting(&out.Shown); got != tc.clock {
				t.Errorf("got %s, want %s", got, tc.clock)
			}
			if got := told(out.Events, EventTransferred, EventHandedOver); got != tc.events {
				t.Errorf("got %s, want %s", got, tc.events)
			}
		})
	}
}

// That a stretch was automated may have been seen in an earlier reading only.
func TestR3HandOverOfWhatWasSeenBefore(t *testing.T) {
	first := fold(history(at(0).customer()), open(OwnerAutomation, 1, 5))
	second := Fold(first.Settled, history(at(0).customer(), at(50).queued()), Seen(open(OwnerQueue, 2, 60)))
	if got := told(second.Events, EventTransferred, EventHandedOver); got != "2 handed over" {
		t.Error(got)
	}
	if got := waiting(&second.Shown); got != "since 50, 1 unread" {
		t.Error(got)
	}
}

func TestR5GoodReplies(t *testing.T) {
	for name, tc := range map[string]struct {
		reply              entry
		regular, campaigns bool
	}{
		"a person's":                       {at(0).agent(), true, true},
		"delivered":                        {at(0).agent().sent(), true, true},
		"still being sent":                 {at(0).agent().sending(), true, true},
		"failed":                           {at(0).agent().failed(), false, false},
		"a template":                       {at(0).agent().template(), true, false},
		"a template still being sent":      {at(0).agent().template().sending(), true, false},
		"a failed template":                {at(0).agent().template().failed(), false, false},
		"a person's through the API":       {at(0).api().human(), true, true},
		"the API's":                        {at(0).api(), false, false},
		"the customer's":                   {at(0).customer(), false, false},
		"no message though a person's":     {at(0).note().human(), false, false},
		"a closing though a person's":      {at(0).closed(ClosedByAgent).human(), false, false},
		"a transfer, though of a person's": {at(0).toAgent().human(), false, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := Record(tc.reply)
			if got := r.Answers(false); got != tc.regular {
				t.Errorf("in a regular session %t", got)
			}
			if got := r.Answers(true); got != tc.campaigns {
				t.Errorf("in a campaign's session %t", got)
			}
		})
	}
}

// What answers in the fold is what Answers says.
func TestR5RepliesInASession(t *testing.T) {
	for name, tc := range map[string]struct {
		reply entry
		seen  view
		want  string
	}{
		"a template in a regular session":    {at(30).agent().template(), open(OwnerPeople, 2, hour), "nobody"},
		"a template in a campaign's session": {at(30).agent().template(), open(OwnerPeople, 2, hour).campaign(), "since 0, 1 unread"},
		"a word in a campaign's session":     {at(30).agent(), open(OwnerPeople, 2, hour).campaign(), "nobody"},
		"a failed one":                       {at(30).agent().failed(), open(OwnerPeople, 2, hour), "since 0, 1 unread"},
		"one under way":                      {at(30).agent().sending(), open(OwnerPeople, 2, 40), "nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			out := fold(history(at(0).customer(), tc.reply), tc.seen)
			if got := waiting(&out.Shown); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
