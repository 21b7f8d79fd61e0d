package conversation

import "testing"

// The ends are told as the listing would: by our clock plus the seconds left.
func TestR12Tell(t *testing.T) {
	const now = 10 * day
	told := func(left int64) Window { return Window{Has: true, End: instant(now + left)} }
	for name, tc := range map[string]struct {
		// inbound and window are what was known, 0 for nothing.
		inbound, window int64
		told            Window
		want            int64
	}{
		"no window":                         {0, 0, Window{}, 0},
		"no window any more":                {now - hour, now + 23*hour, Window{}, 0},
		"the first time, no message read":   {0, 0, told(1000), now + 1000},
		"a second later":                    {0, now + 1001, told(1000), now + 1001},
		"59 seconds earlier":                {0, now + 1000, told(1059), now + 1000},
		"59 seconds later":                  {0, now + 1059, told(1000), now + 1059},
		"60 seconds are another end":        {0, now + 1000, told(1060), now + 1060},
		"60 seconds before as well":         {0, now + 1060, told(1000), now + 1000},
		"the message decides":               {now - hour, 0, told(23*hour + 2), now + 23*hour},
		"by 60 seconds it agrees":           {now - hour, 0, told(23*hour + 60), now + 23*hour},
		"by 60 seconds less as well":        {now - hour, 0, told(23*hour - 60), now + 23*hour},
		"by 61 seconds it does not":         {now - hour, 0, told(23*hour + 61), now + 23*hour + 61},
		"nor by 61 seconds less":            {now - hour, 0, told(23*hour - 61), now + 23*hour - 61},
		"the message beats what was kept":   {now - hour, now + 23*hour + 30, told(23 * hour), now + 23*hour},
		"a window of another length":        {now - hour, now + 3*hour, told(3*hour + 5), now + 3*hour},
		"over, nothing was known":           {0, 0, told(0), now},
		"over, as was known":                {0, now - hour, told(0), now - hour},
		"over, though more was remembered":  {0, now + hour, told(0), now},
		"over, by the message":              {now - 25*hour, now - hour, told(0), now - hour},
		"over, by the message alone":        {now - 25*hour, 0, told(0), now - hour},
		"over, in 60 seconds by ours":       {now - day + 60, now + 60, told(0), now + 60},
		"over, in 61 seconds by ours":       {now - day + 61, now + 61, told(0), now},
		"over, a message as new as can be":  {now - hour, now + 23*hour, told(0), now},
		"over still, and the end it was":    {now - hour, now - 30, told(0), now - 30},
		"told as over a while ago":          {0, now - hour, told(-30), now - hour},
		"over, the message beats the known": {now - 25*hour, now - 2*hour, told(0), now - hour},
	} {
		t.Run(name, func(t *testing.T) {
			f := Facts{}
			if tc.inbound != 0 {
				f.Inbound = clamped(epoch + tc.inbound)
			}
			if tc.window != 0 {
				f.Window = clamped(epoch + tc.window)
			}
			f.Tell(tc.told, instant(now))
			got := f.Window
			if got != 0 {
				got -= epoch
			}
			if got.Unix() != tc.want {
				t.Errorf("got %d, want %d", got-now, tc.want-now)
			}
		})
	}
}

func TestR12WindowsOfReadMessages(t *testing.T) {
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    int64
	}{
		"24 hours from the last message": {history(at(0).customer(), at(100).customer(), at(200).agent()), open(OwnerPeople, 3, 300).until(100 + day + 3), epoch + 100 + day},
		"as the system says otherwise":   {history(at(0).customer()), open(OwnerPeople, 1, 300).until(week), epoch + week},
		"no window":                      {history(at(0).customer()), open(OwnerPeople, 1, 300), 0},
		"a message after the listing":    {history(at(0).customer(), at(hour).customer()), open(OwnerPeople, 1, hour).until(day), epoch + hour + day},
		"after a listing that was over":  {history(at(0).customer(), at(day+100).customer()), open(OwnerPeople, 1, day+90).over(), epoch + day + 100 + day},
		"over":                           {history(at(0).customer()), open(OwnerPeople, 1, week).over(), epoch + day},
		"not listed":                     {history(at(0).customer()), gone(300), 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fold(tc.records, tc.seen).Shown.Window.Unix(); got != tc.want {
				t.Errorf("got %d, want %d", got-epoch, tc.want-epoch)
			}
		})
	}
	before := fold(history(at(0).customer()), open(OwnerPeople, 1, 5).until(day)).Settled
	out := Fold(before, history(at(0).customer(), at(50).customer()), Seen(gone(60)))
	if got := out.Shown.Window.Unix(); got != epoch+50+day {
		t.Errorf("it had a window when it was listed last: %d", got-epoch)
	}
}

func TestR33LostWindows(t *testing.T) {
	people := func(now int64) view { return open(OwnerPeople, 100, now).over() }
	closed := func(now int64) view { return row(OwnerPeople, 100, now).over() }
	ask := at(0).customer()
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"a reply at the end saves it":        {history(ask, at(day).agent()), people(week), ""},
		"a second later it is too late":      {history(ask, at(day+1).agent()), people(week), "2 lost at 86400"},
		"a failed reply saves nothing":       {history(ask, at(9).agent().failed()), people(week), "2 lost at 86400"},
		"a bot's reply saves nothing":        {history(ask, at(9).api()), people(week), "2 lost at 86400"},
		"a campaign's template saves none":   {history(ask, at(9).agent().template()), people(week).campaign(), "2 lost at 86400"},
		"a template saves a regular one":     {history(ask, at(9).agent().template()), people(week), ""},
		"by a note":                          {history(ask, at(day+1).note(), at(day+2).agent()), people(week), "2 lost at 86400"},
		"by the bot's message":               {history(ask, at(day+1).api()), people(week), "2 lost at 86400"},
		"by the customer's next message":     {history(ask, at(day+1).customer(), at(day+9).agent()), people(week), "2 lost at 86400"},
		"a note at the end decides nothing":  {history(ask, at(day).note()), people(day + 60), ""},
		"a new message opens a new window":   {history(ask, at(day).customer(), at(2*day).agent()), people(week), ""},
		"two windows, two losses":            {history(ask, at(day+9).customer(), at(3*day).agent()), people(week), "2 lost at 86400, 3 lost at 172809"},
		"dated back after the end":           {history(ask, at(day+1).note(), at(0).customer()), people(week), "2 lost at 86400"},
		"dated before, after the end":        {history(at(9).customer(), at(day+10).note(), at(0).customer(), at(day+20).note(), at(9).customer()), people(week), "2 lost at 86409"},
		"one window, one loss":               {history(ask, at(day+1).note(), at(day+2).note(), at(day+3).closed(ClosedByTimeout)), closed(week), "2 lost at 86400"},
		"60 seconds after the end":           {history(ask), people(day + 60), ""},
		"61 seconds after the end":           {history(ask), people(day + 61), "1 lost at 86400"},
		"answered, so nobody waits":          {history(ask, at(9).agent()), people(week), ""},
		"the time limit, before the end":     {history(ask, at(hour).closed(ClosedByTimeout)), closed(week), "2 lost at 86400"},
		"the time limit, at the end":         {history(ask, at(day).closed(ClosedByTimeout)), closed(week), "2 lost at 86400"},
		"the time limit, answered":           {history(ask, at(9).agent(), at(day).closed(ClosedByTimeout)), closed(week), ""},
		"an agent closes before the end":     {history(ask, at(day).closed(ClosedByAgent)), closed(week), ""},
		"an agent closes after the end":      {history(ask, at(day+1).closed(ClosedByAgent)), closed(week), "2 lost at 86400"},
		"the customer closes before the end": {history(ask, at(hour).closed(ClosedByCustomer)), closed(week), ""},
		"closed, and back":                   {history(ask, at(hour).closed(ClosedByAgent), at(week).customer()), people(week), ""},
		"while it waits in a queue":          {history(ask), open(OwnerQueue, 1, week).over(), "1 lost at 86400"},
		"while a bot has it":                 {history(ask), open(OwnerAutomation, 1, week).over(), ""},
		"nobody was seen to have it":         {history(ask), open(OwnerUnknown, 1, week).over(), ""},
		"the time limit, of a bot":           {history(ask, at(hour).closed(ClosedByTimeout)), row(OwnerAutomation, 2, week).over(), ""},
		"handed over at the end":             {history(at(0).toBot(), ask, at(day).queued(), at(day+1).note()), people(week), "4 lost at 86400"},
		"handed over after the end":          {history(at(0).toBot(), ask, at(day+1).queued(), at(day+9).note()), people(week), ""},
		"given to a bot after the end":       {history(at(0).toAgent(), ask, at(day+1).toBot()), open(OwnerAutomation, 3, week).over(), "3 lost at 86400"},
		"given to a bot at the end":          {history(at(0).toAgent(), ask, at(day).toBot()), open(OwnerAutomation, 3, week).over(), ""},
		"in a stretch that nobody saw":       {history(ask, at(day+1).toAgent()), people(week), ""},
		"no window":                          {history(ask, at(2*day).agent()), open(OwnerPeople, 2, week), ""},
		"no window, by the time limit":       {history(ask, at(2*day).closed(ClosedByTimeout)), row(OwnerPeople, 2, week), ""},
		"the row of a closed one":            {history(ask, at(2*day).closed(ClosedByAgent)), row(OwnerPeople, 2, week).over(), "2 lost at 86400"},
		"not listed at all":                  {history(at(0).toAgent(), ask, at(2*day).agent()), gone(week), ""},
		"a reply under way, before the end":  {history(ask, at(day).agent().sending()), people(day + 300), ""},
		"a reply under way, after the end":   {history(ask, at(day+1).agent().sending()), people(day + 300), ""},
		"a note under way, after the end":    {history(ask, at(day+1).note(), at(day+2).agent().sending()), people(day + 300), "2 lost at 86400"},
		"a reply taken as delivered":         {history(ask, at(day).agent().sending()), people(day + 600), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventWindowLost); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestR33OnceAWindow(t *testing.T) {
	records := history(at(0).customer(), at(2*day).agent(), at(2*day+9).closed(ClosedByTimeout))
	facts := Facts{}
	for i, step := range []struct {
		known int
		seen  view
		want  string
	}{
		{1, open(OwnerPeople, 1, 9).until(day), ""},
		{1, open(OwnerPeople, 1, day+30).over(), ""},
		{1, open(OwnerPeople, 1, day+70).over(), "1 lost at 86400"},
		{1, open(OwnerQueue, 1, day+130).over(), ""},
		{1, gone(day + 190), ""},
		{2, open(OwnerPeople, 2, 2*day+5).over(), ""},
		{3, row(OwnerPeople, 3, 3*day).over(), ""},
	} {
		out := Fold(facts, records[:step.known], Seen(step.seen))
		if got := told(out.Events, EventWindowLost); got != step.want {
			t.Errorf("reading %d: got %s, want %s", i, got, step.want)
		}
		facts = out.Settled
	}
}

// A session that is not listed any more keeps its window, and loses it.
func TestR33GoneFromTheList(t *testing.T) {
	before := fold(history(at(0).customer()), open(OwnerPeople, 1, 9).until(day)).Settled
	if got := told(Fold(before, nil, Seen(gone(day+61))).Events, EventWindowLost); got != "1 lost at 86400" {
		t.Error(got)
	}
	// A bot had it when it was decided: that it did not count is final.
	before = fold(history(at(0).customer()), open(OwnerAutomation, 1, 9).until(day)).Settled
	out := Fold(before, history(at(0).customer(), at(day+1).queued()), Seen(open(OwnerQueue, 2, 2*day).over()))
	if got := told(out.Events, EventWindowLost); got != "" {
		t.Error(got)
	}
}

func TestR11Closings(t *testing.T) {
	ask := at(0).customer()
	for name, tc := range map[string]struct {
		records []Record
		seen    view
		want    string
	}{
		"by an agent":                   {history(ask, at(9).closed(ClosedByAgent)), row(OwnerPeople, 2, hour), "2 closed: agent, agent"},
		"by the customer":               {history(ask, at(9).closed(ClosedByCustomer)), row(OwnerPeople, 2, hour), "2 closed: customer, agent"},
		"by the time limit":             {history(ask, at(9).closed(ClosedByTimeout)), row(OwnerPeople, 2, hour), "2 closed: timeout, agent"},
		"answered":                      {history(ask, at(5).agent(), at(9).closed(ClosedByAgent)), row(OwnerPeople, 3, hour), "3 closed: agent, customer"},
		"the answer failed":             {history(ask, at(5).agent().failed(), at(9).closed(ClosedByAgent)), row(OwnerPeople, 3, hour), "3 closed: agent, agent"},
		"abandoned by the customer":     {history(ask, at(9).closed(ClosedByCustomer)), row(OwnerQueue, 2, hour), "2 closed: abandoned, agent"},
		"abandoned to the time limit":   {history(ask, at(9).closed(ClosedByTimeout)), row(OwnerQueue, 2, hour), "2 closed: abandoned, agent"},
		"an agent closes in the queue":  {history(ask, at(9).closed(ClosedByAgent)), row(OwnerQueue, 2, hour), "2 closed: agent, agent"},
		"a ticket":                      {history(ask, at(9).closed(ClosedAsTicket)), row(OwnerQueue, 2, hour), "2 closed: ticket, agent"},
		"a bot had it":                  {history(ask, at(9).closed(ClosedByTimeout)), row(OwnerAutomation, 2, hour), "2 closed: timeout, customer"},
		"picked up before":              {history(ask, at(5).pickedUp(), at(9).closed(ClosedByCustomer)), row(OwnerPeople, 3, hour), "3 closed: customer, agent"},
		"auto: picked up by a reply":    {history(ask, at(5).agent(), at(9).closed(ClosedByCustomer)), row(OwnerPeople, 3, hour).auto(), "3 closed: customer, customer"},
		"auto: nobody replied":          {history(ask, at(9).closed(ClosedByCustomer)), row(OwnerQueue, 2, hour).auto(), "2 closed: abandoned, agent"},
		"without a record":              {history(ask), row(OwnerPeople, 1, hour), "1 closed: other, agent"},
		"without a record, from a bot":  {history(ask), row(OwnerAutomation, 1, hour), "1 closed: other, customer"},
		"without one, in a queue":       {history(ask), row(OwnerQueue, 1, hour), "1 closed: other, agent"},
		"after the row was listed":      {history(ask, at(9).closed(ClosedByAgent)), row(OwnerPeople, 1, hour), "2 closed: agent, agent"},
		"reopened after it was listed":  {history(ask, at(9).closed(ClosedByAgent), at(20).customer()), row(OwnerPeople, 2, hour), "2 closed: agent, agent"},
		"it is still listed as open":    {history(ask), open(OwnerPeople, 1, hour), ""},
		"gone is not closed":            {history(ask), gone(hour), ""},
		"a second closing is none":      {history(ask, at(9).closed(ClosedByAgent), at(9).closed(ClosedByTimeout)), row(OwnerPeople, 3, hour), "2 closed: agent, agent"},
		"closed, reopened, closed":      {history(ask, at(9).closed(ClosedByAgent), at(20).agent(), at(30).closed(ClosedByAgent)), row(OwnerPeople, 4, hour), "2 closed: agent, agent, 4 closed: agent, customer"},
		"nothing but a closing":         {history(at(9).closed(ClosedByAgent)), row(OwnerPeople, 1, hour), "1 closed: agent, customer"},
		"the API wrote after it closed": {history(ask, at(9).closed(ClosedByAgent), at(20).api()), row(OwnerPeople, 3, hour), "2 closed: agent, agent"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := told(fold(tc.records, tc.seen).Events, EventClosed); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// A closing without a record is told by every sweep, and counts once.
func TestR11OtherOnce(t *testing.T) {
	records := history(at(0).customer())
	out := fold(records, row(OwnerPeople, 1, hour))
	again := Fold(out.Settled, records, Seen(row(OwnerPeople, 1, 2*hour)))
	if len(again.Events) != 0 || again.Shown != out.Shown {
		t.Errorf("got %v and %+v after %+v", again.Events, again.Shown, out.Shown)
	}
	// It may be opened again all the same.
	back := Fold(out.Settled, history(at(0).customer(), at(week).customer()), Seen(open(OwnerPeople, 2, week)))
	if got := told(back.Events, EventStarted); got != "2 started" || waiting(&back.Shown) != "since 604800, 1 unread" {
		t.Errorf("got %s, %s", got, waiting(&back.Shown))
	}
}
