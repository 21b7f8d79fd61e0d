package main

// superofficeMutants are those of how SuperOffice is read.
func superofficeMutants() map[string][]codeMutant {
	return map[string][]codeMutant{
		"source/superoffice/archive.go": {
			{"R35", "case f.id <= last:", "case false:"},
			{"R35", "capped := n >= least && n >= p.longest", "capped := false"},
			{"R35", "case p.needs && !row.hasStatus:", "case false:"},
		},
		"source/superoffice/call.go": {
			{"R34", "d.zone = time.UTC\n\treturn d\n}", "return d\n}"},
		},
		"source/superoffice/closed.go": {
			{"R21", "next.Message = sw.source.topMessage(ctx)", "next.Message = 0"},
			{"R23", "known && last.Equal(f.endedTold)", "known && !last.IsZero()"},
			{"R23", "sw.marked && !met[f.id] && !(known", "!met[f.id] && !(known"},
			{"R23", "sw.seen[f.id] = f.endedTold", "_ = f.ended"},
			{"R23", "from.Add(-sweepOverlap)", "from.Add(sweepOverlap)"},
			{"R23", "\t\treturn sessions, since, cover, nil", "\t\treturn sessions, sw.next(ctx), cover, nil"},
			{"R24", "if e := &told[i]; !e.gone {", "if e := &told[i]; true {"},
		},
		"source/superoffice/complete.go": {
			{"R28", "case !ok || known.listed != f.status:", "case !ok:"},
		},
		"source/superoffice/date.go": {
			{"R34", "if t.After(d.now) {\n\t\treturn d.now", "if false {\n\t\treturn d.now"},
			{"R34", "return t.Add(-d.skew)", "return t.Add(d.skew)"},
		},
		"source/superoffice/listing.go": {
			{"R14", "f.status == statusInQueue, f.status == statusClosedFromQueue:\n\t\treturn conversation.StateQueued", "f.status == statusInQueue:\n\t\treturn conversation.StateQueued"},
			{"R14", "f.status <= statusOfflineForm", "f.status <= statusFAQ"},
			{"R14", "case f.bot.told && f.bot.yes:", "case f.bot.told && f.bot.yes && f.started.IsZero():"},
			{"R14", "case !f.bot.told && f.started.IsZero():", "case f.started.IsZero():"},
			{"R14", "case !f.bot.told && f.started.IsZero():", "case !f.bot.told && !f.started.IsZero():"},
			{"R14", "case f.status == statusInQueue, f.status == statusCustomerLast, f.status == statusClosedFromQueue:", "case f.status == statusInQueue, f.status == statusUserLast, f.status == statusClosedFromQueue:"},
			{"R14", "case f.status == statusInQueue, f.status == statusCustomerLast, f.status == statusClosedFromQueue:", "case f.status == statusCustomerLast, f.status == statusClosedFromQueue:"},
			{"R14", "return f.status != statusUntold && !f.unread", "return f.status != statusUntold"},
			{"R17", "case statusRequestPosted:\n", "case statusClosed:\n"},
			{"R35", "left.after = reached", "left.after = 0 * reached"},
		},
		"source/superoffice/messages.go": {
			{"R30", "want.After-1", "want.After"},
			{"R29", "t.Skipped = over", "t.Skipped = 0 * over"},
			{"R29", "records[len(records)-limit:], false", "records[:limit], false"},
		},
		"source/superoffice/records.go": {
			{"R15", "kind == specialNone || kind == specialURL", "kind == specialNone"},
			{"R15", "r.Human = conversation.KindMessage, conversation.SenderAgent, true; r.At.After(d.now)", "r.Human = conversation.KindMessage, conversation.SenderAgent, true; false"},
			{"R15", "case kind == specialBotMessage, kind == specialOptions:", "case kind == specialBotMessage:"},
			{"R15", "r.ReadByCustomer = conversation.ReceiptUnread", "r.ReadByCustomer = conversation.ReceiptUntold"},
			{"R15", "if read != 0 {", "if read == 1 {"},
			{"R15", "told && to == typeToCustomer", "told"},
			{"R15", "of != 0 && of != session", "of != 0 && of < 0"},
			{"R17", "r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByTimeout", "r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedOtherwise"},
			{"R22", "r.Kind = conversation.KindReopened", "r.Kind = conversation.KindOther"},
		},
		"source/superoffice/wire.go": {
			{"R17", "s >= statusFinished", "s > statusFinished"},
		},
		"source/superoffice/zone.go": {
			{"R34", "case step > 0 || asks:", "case step > 0 && (asks || !asks):"},
			{"R34", "case step > 0 || asks:", "case step > 0 || asks || !asks:"},
		},
	}
}
