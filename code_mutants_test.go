package main

import "maps"

// codeMutants are the rules of docs/rules.md, each broken in the code, by file:
// another limit, another comparison, a condition that is dropped, a reset that is
// forgotten.
func codeMutants() map[string][]codeMutant {
	all := map[string][]codeMutant{
		"conversation/message.go": messageMutants(),
		"conversation/facts.go":   factsMutants(),
		"conversation/event.go": {
			{"R18", "k >= EventFailed", "k > EventFailed"},
			{"R18", "k >= EventFailed", "k > EventPickedUp && k != EventResponse"},
			{"R18", "k >= EventFailed", "k > EventPickedUp && k != EventClosed"},
			{"R18", "k >= EventFailed", "k > EventPickedUp && k != EventWindowLost"},
			{"R18", "k >= EventFailed", "k >= EventStarted"},
		},
		"conversation/fold.go":   foldMutants(),
		"conversation/window.go": windowMutants(),
		"conversation/owner.go":  ownerMutants(),
	}
	maps.Copy(all, statusMutants())
	maps.Copy(all, collectorMutants())
	maps.Copy(all, sourceMutants())
	maps.Copy(all, superofficeMutants())
	return all
}

func messageMutants() []codeMutant {
	return []codeMutant{
		{"R5", "r.Human && r.Delivery != DeliveryFailed &&", "r.Human &&"},
		{"R5", "(!campaign || !r.Template)", "!r.Template"},
		{"R5", "(!campaign || !r.Template)", "true"},
		{"R5", "r.Delivery != DeliveryFailed && (", "r.Delivery != DeliveryFailed && r.Delivery != DeliverySending && ("},
		{"R5", "r.Kind == KindMessage && r.Human &&", "r.Kind == KindMessage &&"},
		{"R13", "r.Delivery == DeliverySending }", "r.Delivery == DeliveryFailed }"},
		{"R29", "return r.ID <= w.After", "return r.ID < w.After"},
		{"R29", "floor || r.ID <= w.Floor", "floor || r.ID < w.Floor"},
		{"R29", "r.Answers(w.Campaign) && !r.Sending()", "r.Answers(w.Campaign)"},
		{"R29", "answer || closed || r.Answers", "answer || r.Answers"},
		{"R29", "customer || closed || r.Kind", "customer || r.Kind"},
		{"R29", "entry || closed || r.Kind", "entry || r.Kind"},
		{"R29", "return floor && answer && customer &&", "return answer && customer &&"},
		{"R29", "return floor && answer && customer &&", "return floor && customer &&"},
		{"R29", "return floor && answer && customer &&", "return floor && answer &&"},
		{"R29", "&& (entry || !w.Queued)", ""},
	}
}

func factsMutants() []codeMutant {
	return []codeMutant{
		{"R1", "f.Unanswered, f.HandedOver, f.Entered, f.Unread = 0, 0, 0, 0", "f.HandedOver, f.Entered, f.Unread = 0, 0, 0"},
		{"R1", "f.Unanswered, f.HandedOver, f.Entered, f.Unread = 0, 0, 0, 0", "f.Unanswered, f.HandedOver, f.Entered = 0, 0, 0"},
		{"R1", "f.Unanswered, f.HandedOver, f.Entered, f.Unread = 0, 0, 0, 0", "f.Unanswered, f.HandedOver, f.Unread = 0, 0, 0"},
		{"R3", "f.Unanswered, f.HandedOver, f.Entered, f.Unread = 0, 0, 0, 0", "f.Unanswered, f.Entered, f.Unread = 0, 0, 0"},
		{"R2", "f.Unanswered != 0 && f.Owner != OwnerAutomation", "f.Unanswered != 0"},
		{"R3", "max(f.Unanswered, f.HandedOver)", "f.Unanswered"},
		{"R3", "max(f.Unanswered, f.HandedOver)", "max(f.Unanswered, f.HandedOver*0+f.Entered)"},
		{"R6", "f.Owner, f.flags = OwnerUnknown, f.flags&decided|isClosed", "f.flags = f.flags&decided | isClosed"},
		{"R6", "case StateAssigned, StateShared, StateArchived:", "case StateAssigned, StateArchived:"},
		{"R6", "case StateAssigned, StateShared, StateArchived:", "case StateAssigned, StateShared:"},
	}
}

func windowMutants() []codeMutant {
	return []codeMutant{
		{"R12", "replyWindow = 24 * 60 * 60", "replyWindow = 23 * 60 * 60"},
		{"R12", "windowJitter = 60", "windowJitter = 61"},
		{"R12", "windowJitter = 60", "windowJitter = 59"},
		{"R12", "a-b <= windowJitter", "a-b < windowJitter"},
		{"R12", "!told.End.After(listedAt)", "told.End.Before(listedAt)"},
		{"R12", "own != 0 && own <= now+windowJitter", "own != 0 && own <= now"},
		{"R12", "own != 0 && own <= now+windowJitter", "own != 0 && (own <= now || own > now)"},
		{"R12", "f.Window != 0 && f.Window.Unix() < end", "f.Window.Unix() > end"},
		{"R12", "f.Window != 0 && f.Window.Unix() < end", "false"},
		{"R12", " && f.Window.Unix()-end != windowJitter && end-f.Window.Unix() != windowJitter", ""},
		{"R12", "\tif !told.Has {\n\t\tf.Window = 0\n", "\tif !told.Has {\n"},
		{"R12", "!over && own != 0 && near(own, end)", "!over && own != 0"},
		{"R12", "!over && own != 0 && near(own, end)", "false"},
		{"R12", "\t\tf.facts.Window = clamped(at.Unix() + replyWindow)\n", ""},
		{"R12", "f.facts.Inbound, f.facts.Window = at, 0", "f.facts.Window = 0"},
		{"R33", "r.At.Unix() > f.facts.Window", "r.At.Unix() >= f.facts.Window"},
		{"R33", "f.undecided() && r.At.Unix() > f.facts.Window", "r.Kind == KindMessage && f.undecided() && r.At.Unix() > f.facts.Window"},
		{"R33", "f.facts.Owner == OwnerQueue || f.facts.Owner == OwnerPeople", "f.facts.Owner != OwnerAutomation"},
		{"R33", "f.facts.Owner == OwnerQueue || f.facts.Owner == OwnerPeople", "f.facts.Owner == OwnerPeople"},
		{"R33", "f.facts.Owner == OwnerQueue || f.facts.Owner == OwnerPeople", "f.facts.Owner != OwnerUnknown"},
		{"R33", "f.facts.set(decided, true)", "f.facts.set(decided, false)"},
		{"R33", "\tf.facts.set(decided, false)\n", ""},
		{"R33", "f.facts.Window != 0 && f.facts.Unanswered != 0", "f.facts.Unanswered != 0"},
		{"R33", "f.facts.Window != 0 && f.facts.Unanswered != 0", "f.facts.Window != 0"},
		{"R33", "f.facts.Window <= f.facts.lost", "f.facts.Window < f.facts.lost"},
		{"R33", "f.facts.Window <= f.facts.lost", "f.facts.Window == f.facts.lost"},
		{"R33", "\tif f.unsettled {\n\t\treturn\n\t}\n", ""},
	}
}

func foldMutants() []codeMutant {
	return []codeMutant{
		{"R10", "\t\tf.facts.set(served, false)\n", ""},
		{"R13", "settleAfter = 10 * 60", "settleAfter = 9 * 60"},
		{"R13", "settleAfter = 10 * 60", "settleAfter = 11 * 60"},
		{"R13", "< settleAfter", "<= settleAfter"},
		{"R13", "r.Sending() && f.seen.Now.Unix()-r.At.Unix() < settleAfter", "r.Sending()"},
		{"R13", "way.before(sending)", "sending.before(way)"},
		{"R13", "settled := f.settled()", "settled := len(f.records)"},
		{"R13", "\tcase !f.unsettled:\n\t\tout.Settled = f.facts\n", "\tcase true:\n\t\tout.Settled = f.facts\n"},
		{"R18", "!f.unsettled || !e.Kind.Settled()", "true"},
		{"R18", "!f.unsettled || !e.Kind.Settled()", "!f.unsettled"},
		{"R34", "maxAhead = 60", "maxAhead = 59"},
		{"R34", "maxAhead = 60", "maxAhead = 61"},
		{"R34", "> maxAhead", ">= maxAhead"},
		{"R34", "\t\tf.emit(Event{Kind: EventDropped, Record: r.ID})\n", ""},
		{"R34", "max(f.facts.Last, f.dropped)", "max(f.facts.Last, 0)"},
		{"R34", "r.Sending() && !f.ahead(&r) &&", "r.Sending() &&"},
		{"R1", "\tif f.facts.Unanswered == 0 || f.facts.is(byRequest) {", "\tif true {"},
		{"R1", "f.facts.Unanswered, f.facts.HandedOver, f.facts.Unread = 0, 0, 0", "f.facts.Unanswered, f.facts.HandedOver = 0, 0"},
		{"R1", "f.facts.Unanswered, f.facts.HandedOver, f.facts.Unread = 0, 0, 0", "f.facts.HandedOver, f.facts.Unread = 0, 0"},
		{"R1", "f.facts.Unread++", "f.facts.Unread = 1"},
		{"R3", "bot := r.ByBot || f.facts.Owner", "bot := f.facts.Owner"},
		{"R3", "|| f.facts.Owner == OwnerAutomation || f.facts.is(apiWrote)", "|| f.facts.is(apiWrote)"},
		{"R3", "|| f.facts.Owner == OwnerAutomation || f.facts.is(apiWrote)", "|| f.facts.Owner == OwnerAutomation"},
		{"R3", "if bot && to != ToAPI {", "if bot {"},
		{"R3", "if bot && to != ToAPI {", "if (bot || !bot) && to != ToAPI {"},
		{"R3", "\t\tf.facts.HandedOver = InstantOf(r.At)\n", ""},
		{"R3", "\t\tf.facts.HandedOver = InstantOf(r.At)\n\t} else {", "\t\tf.facts.HandedOver = InstantOf(r.At)\n\t}\n\t{"},
		{"R3", "f.facts.Owner = owner\n\tf.facts.set(autoPickUp, false)\n\tf.facts.set(apiWrote, f.seen.ByStatus && f.facts.is(apiWrote))", "f.facts.Owner = owner\n\tf.facts.set(autoPickUp, false)"},
		{"R3", "f.facts.Owner = OwnerPeople\n\tf.facts.set(apiWrote|autoPickUp, false)", "f.facts.Owner = OwnerPeople\n\tf.facts.set(autoPickUp, false)"},
		{"R3", "f.facts.set(isClosed|apiWrote, false)", "f.facts.set(isClosed, false)"},
		{"R3", "\tcase r.Human:\n\t\tf.replies(r)\n\tcase", "\tcase r.Human:\n\t\tf.replies(r)\n\t\tf.facts.set(apiWrote, r.Sender == SenderAPI)\n\tcase"},
		{"R4", "f.facts.set(firstDue|whole, true)", "f.facts.set(whole, true)"},
		{"R4", "\t\tif f.facts.is(firstDue) {", "\t\t{"},
		{"R4", "if f.facts.Unanswered == 0 && !(r.Template", "if f.facts.Unanswered == 0 && r.Delivery != DeliveryFailed && !(r.Template"},
		{"R4", " && !(r.Template && f.seen.Campaign)", ""},
		{"R4", "\tf.facts.set(firstDue|byRequest, false)\n\tf.facts.Unanswered", "\tf.facts.set(byRequest, false)\n\tf.facts.Unanswered"},
		{"R4", "before.Last == 0 && seen.FromStart", "before.Last == 0"},
		{"R4", "since, waits := f.facts.Clock(); waits", "since, _ := f.facts.Clock(); since != 0"},
		{"R4", "\t\tf.emit(Event{Kind: EventResponse, Record: r.ID, Seconds: seconds})\n", ""},
		{"R4", "\tif !r.Answers(f.seen.Campaign) {\n\t\treturn\n\t}\n", ""},
		{"R6", "\tif r.ID > f.seen.Listed {\n", "\tif r.ID >= f.seen.Listed {\n"},
		{"R6", "to == ToUntold && i == f.stretch && f.seen.Owner", "to == ToUntold && f.seen.Owner"},
		{"R6", "to, owner = ToAgent, OwnerUnknown", "to, owner = ToAgent, OwnerPeople"},
		{"R6", "\t\towner = OwnerAutomation\n", "\t\towner = OwnerPeople\n"},
		{"R6", "to, owner = ToQueue, OwnerQueue", "to, owner = ToQueue, OwnerUnknown"},
		{"R6", "\tf.facts.Owner = OwnerPeople\n", ""},
		{"R7", "\tif r.Sender != \"\" {\n", "\tif r.Sender != \"\" && r.Delivery != DeliveryFailed {\n"},
		{"R7", "\tif r.Sender != \"\" {\n", "\tif r.Sender != \"\" && !r.Template {\n"},
		{"R7", "\tif r.Template {\n", "\tif r.Template && f.seen.Campaign {\n"},
		{"R10", "f.facts.Entered == 0 && f.facts.is(whole)", "f.facts.Entered == 0"},
		{"R10", "f.facts.Entered == 0 && f.facts.is(whole)", "f.facts.is(whole)"},
		{"R10", "\t\tf.facts.Entered = InstantOf(r.At)\n", ""},
		{"R10", "\t\tf.facts.Entered = InstantOf(r.At)\n", "\t\tif f.facts.Entered == 0 {\n\t\t\tf.facts.Entered = InstantOf(r.At)\n\t\t}\n"},
		{"R10", "\tif f.facts.Entered != 0 {\n", "\t{\n"},
		{"R10", "f.facts.Owner == OwnerQueue && f.facts.is(autoPickUp)", "f.facts.Owner == OwnerQueue"},
		{"R10", "f.facts.Owner == OwnerQueue && f.facts.is(autoPickUp)", "f.facts.is(autoPickUp) && r.Answers(f.seen.Campaign)"},
		{"R10", "Moved: f.moved}", "Moved: 0}"},
		{"R10", "\tf.moved = r.ID\n\tf.facts.Owner = owner\n", "\tf.facts.Owner = owner\n"},
		{"R11", "if f.facts.Owner == OwnerQueue && (reason == ClosedByCustomer || reason == ClosedByTimeout)", "if f.facts.Owner == OwnerQueue && reason == ClosedByTimeout"},
		{"R11", "if f.facts.Owner == OwnerQueue && (reason == ClosedByCustomer || reason == ClosedByTimeout)", "if f.facts.Owner == OwnerQueue && reason == ClosedByCustomer"},
		{"R11", "if f.facts.Owner == OwnerQueue && (reason == ClosedByCustomer || reason == ClosedByTimeout)", "if f.facts.Owner == OwnerQueue"},
		{"R11", "if f.facts.Owner == OwnerQueue && (reason == ClosedByCustomer || reason == ClosedByTimeout)", "if reason == ClosedByCustomer || reason == ClosedByTimeout"},
		{"R11", "\tif f.facts.Closed() {\n\t\treturn\n\t}\n", ""},
		{"R11", "Reason: reason, Awaiting: f.facts.Awaiting()", "Reason: reason, Awaiting: AwaitingCustomer"},
		{"R11", "!f.facts.Closed() && f.facts.Last <= f.seen.Listed", "f.facts.Last <= f.seen.Listed"},
		{"R11", "f.seen.Closed && !f.facts.Closed() && f.facts.Last <= f.seen.Listed", "f.seen.Closed && !f.facts.Closed()"},
		{"R12", "f.seen.Told && !f.later", "f.seen.Told"},
		{"R22", "if f.fresh || f.facts.Closed() && opens(r) {", "if f.facts.Closed() && opens(r) {"},
		{"R22", "if f.fresh || f.facts.Closed() && opens(r) {", "if f.fresh {"},
		{"R22", "if f.fresh || f.facts.Closed() && opens(r) {", "if f.fresh || f.facts.Closed() {"},
		{"R22", "if f.fresh || f.facts.Closed() && opens(r) {", "if f.fresh || opens(r) {"},
		{"R33", "f.seen.Now.Unix()-f.facts.Window.Unix() > windowJitter", "f.seen.Now.Unix()-f.facts.Window.Unix() >= windowJitter"},
		{"R33", "f.seen.Now.Unix()-f.facts.Window.Unix() > windowJitter", "f.seen.Now.Unix()-f.facts.Window.Unix() > 0"},
		{"R33", "reason == ClosedByTimeout && f.undecided()", "f.undecided()"},
		{"R33", "reason == ClosedByTimeout && f.undecided()", "false"},
	}
}

func ownerMutants() []codeMutant {
	return []codeMutant{
		{"R22", "(r.Sender == SenderCustomer || r.Human)", "r.Sender == SenderCustomer"},
		{"R22", "(r.Sender == SenderCustomer || r.Human)", "r.Human"},
		{"R22", "r.Kind == KindMessage && (r.Sender == SenderCustomer || r.Human)", "r.Kind == KindMessage"},
		{"R6", "\t\treturn !closed, true", "\t\treturn true, true"},
		{"R6", "case r.Kind == KindQueued, r.Kind == KindTransferred, r.Kind == KindPickedUp:", "case r.Kind == KindQueued, r.Kind == KindTransferred:"},
		{"R6", "case r.Kind == KindQueued, r.Kind == KindTransferred, r.Kind == KindPickedUp:", "case r.Kind == KindQueued, r.Kind == KindPickedUp:"},
		{"R6", "case r.Kind == KindQueued, r.Kind == KindTransferred, r.Kind == KindPickedUp:", "case r.Kind == KindTransferred, r.Kind == KindPickedUp:"},
		{"R6", "\tcase closed && opens(r):\n\t\treturn true, false", "\tcase closed && opens(r):\n\t\treturn false, false"},
		{"R6", "!f.seen.Told || f.seen.Owner == OwnerUnknown", "!f.seen.Told"},
		{"R6", "f.seen.Listed != 0 && f.seen.Listed < f.facts.began", "f.seen.Listed != 0 && f.seen.Listed < 0"},
		{"R6", "f.seen.Listed != 0 && f.seen.Listed < f.facts.began", "f.seen.Listed < f.facts.began"},
		{"R6", "\t\tif r.ID > f.seen.Listed {", "\t\tif r.ID >= f.seen.Listed {"},
		{"R6", "case f.seen.Closed && ended && closed:", "case f.seen.Closed && ended:"},
		{"R6", "case f.seen.Closed && ended && closed:", "case ended && closed:"},
		{"R6", "\t\tf.stretch = left\n", "\t\tf.stretch = max(left, present)\n"},
		{"R6", "case f.seen.Closed && known != OwnerUnknown:", "case f.seen.Closed:"},
		{"R6", "case f.seen.Closed && known != OwnerUnknown:", "case false:"},
		{"R6", "f.current == f.stretch && !f.seen.Closed && !f.facts.Closed()", "f.current == f.stretch && !f.facts.Closed()"},
		{"R10", "f.seen.Auto && owner != OwnerAutomation && (", "f.seen.Auto && ("},
		{"R10", "(known == OwnerQueue || began)", "began"},
		{"R10", "(known == OwnerQueue || began)", "(known == OwnerQueue || began && known != OwnerUnknown)"},
		{"R10", " && f.records[i].Kind != KindTransferred", ""},
		{"R10", "case f.seen.Auto && owner", "case owner"},
		{"R10", "if f.seen.Auto && owner == OwnerQueue && f.facts.is(served) {", "if false {"},
		{"R10", "if f.seen.Auto && owner == OwnerQueue && f.facts.is(served) {", "if owner == OwnerQueue && f.facts.is(served) {"},
		{"R10", "if f.seen.Auto && owner == OwnerQueue && f.facts.is(served) {", "if f.seen.Auto && owner == OwnerQueue {"},
	}
}

// unseenMutants are mistakes that change no number, so that no test can find
// them; docs/mutations.md tells of them.
func unseenMutants() []unseenMutant {
	return []unseenMutant{
		{"conversation/fold.go", codeMutant{"R3", "f.facts.Unanswered, f.facts.HandedOver, f.facts.Unread = 0, 0, 0", "f.facts.Unanswered, f.facts.Unread = 0, 0"}},
		{"conversation/owner.go", codeMutant{"R6", "f.current == f.stretch && !f.seen.Closed && !f.facts.Closed()", "f.current == f.stretch && !f.seen.Closed"}},
		{"conversation/owner.go", codeMutant{"R6", "f.current == f.stretch && !f.seen.Closed && !f.facts.Closed()", "f.stretch != nowhere && !f.seen.Closed && !f.facts.Closed()"}},
		{"conversation/owner.go", codeMutant{"R6", "case f.seen.Closed || !closed:", "case true:"}},
		{"collector/reading.go", codeMutant{"R13", "folded.Shown != folded.Settled || sending.ID > 0", "sending.ID > 0"}},
		{"collector/reading.go", codeMutant{"R29", "After: e.facts.Last,", "After: e.shown().Last,"}},
		{"collector/reading.go", codeMutant{"R29", "Floor: max(e.floor, e.counted)", "Floor: e.floor"}},
		{"collector/reading.go", codeMutant{"R33", "case e.pass == l.pass && e.known() && e.settled():", "case e.pass == l.pass && e.settled():"}},
		{"collector/reader.go", codeMutant{"R26", "swept.partial = !cover.Complete() || err != nil", "swept.partial = !cover.Complete()"}},
		{"collector/ledger.go", codeMutant{"R2", "\t\t\tsessions[i].Awaiting = conversation.AwaitingCustomer // R2\n", ""}},
		{"source/yeastar/batch.go", codeMutant{"R30", "len(rows) < pageSize && !r.lists", "!r.lists"}},
		{"source/yeastar/merge.go", codeMutant{"R8", "v.queue == 0 && v.api && !v.extension &&", "v.queue == 0 && !v.extension &&"}},
	}
}
