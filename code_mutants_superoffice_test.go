package main

// superofficeMutants are those of how SuperOffice is read, by rules and by quirks.
func superofficeMutants() map[string][]codeMutant {
	return map[string][]codeMutant{
		"source/superoffice/rows.go": {
			{"R15", "of != 0 && of != m.session", "of != 0 && of < 0"},
		},
		"source/superoffice/archive.go": {
			{"R35", "case f.id <= last:", "case false:"},
			{"R35", "capped := n >= least && n >= p.longest", "capped := false"},
			{"R35", "case p.needs && !row.hasStatus:", "case false:"},
			{"Q5", "!capped && !out.more {", "!capped {"},
			{"Q11", "\" lt \" + strconv.FormatInt(upto+1, 10)", "\" le \" + strconv.FormatInt(upto, 10)"},
			{"Q17", "c.transfer.id() > systemUser", "c.transfer.id() > 0"},
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
			{"R28", "case !ok || known.moved(f) && !known.tried.After(known.at):", "case !ok:"},
			{"R14", "return e.listed != listed || e.begun.Sub(started).Abs() > time.Minute", "return e.listed != listed"},
			{"Q4", "func(f facts) bool { return f.status == statusUntold })", "func(f facts) bool { return false })"},
			{"Q7", "WhenFetched,User,TransferTo", "WhenFetched,TransferTo"},
			{"Q8", "f.user = out.User.EjUserID.id()", "f.user = out.User.AssociateID.id()"},
			{"Q12", "TransferTo,ChatbotIsActive\"}", "TransferTo,ChatbotIsActive,Flags\"}"},
			{"Q20", "\"ChatSessionId,TopicId,", "\"ChatSessionId,SessionKey,TopicId,"},
			{"R24", "if *out != nil && (*out).ID.id() != id {", "if false {"},
			{"R14", "sessions[i].bot.told = true", "_ = sessions[i].bot.told"},
		},
		"source/superoffice/date.go": {
			{"R34", "case t.After(d.now):\n\t\treturn d.now", "case false:\n\t\treturn d.now"},
			{"R34", "return t.Add(-d.skew)", "return t.Add(d.skew)"},
			{"Q3", "case t.Year() < earliest:", "case false:"},
			{"Q3", "[]string{plain + \"Z07:00\", plain + \"Z0700\"}", "[]string{plain + \"Z07:00\"}"},
		},
		"source/superoffice/settings.go": {
			{"Q18", "return time.Duration(n) * time.Minute", "return time.Duration(n) * time.Second"},
		},
		"source/superoffice/directory_calls.go": {
			{"Q6", "|| err == nil && rows == nil", "|| err == nil && rows == nil && false"},
			{"Q19", "post: true, query: url.Values{\"$select\": {\"UserId,DisplayName,Present,ChatTopics\"}}", "post: true, query: url.Values{}"},
			{"Q6", "if *out == nil || slices", "if slices"},
			{"Q6", "if _, told := out.flag(); !told {", "if _, told := out.flag(); !told && false {"},
		},
		"source/superoffice/errors.go": {
			{"Q16", "e.cause.Endpoint, e.sentence(), e.cause.Status", "e.cause.Endpoint, e.sentence()+\" \"+http.StatusText(e.cause.Status), e.cause.Status"},
		},
		"source/superoffice/listing.go": {
			{"R14", "f.status == statusInQueue, f.status == statusClosedFromQueue:\n\t\treturn conversation.StateQueued", "f.status == statusInQueue:\n\t\treturn conversation.StateQueued"},
			{"R14", "f.status <= statusOfflineForm", "f.status <= statusFAQ"},
			{"R14", "case f.bot.told && f.bot.yes:", "case f.bot.told && f.bot.yes && !f.taken:"},
			{"R14", "case !f.bot.told && !f.taken:", "case !f.taken:"},
			{"R14", "case !f.bot.told && !f.taken:", "case !f.bot.told && f.taken:"},
			{"R14", "case f.status == statusInQueue, f.status == statusCustomerLast, f.status == statusClosedFromQueue:", "case f.status == statusInQueue, f.status == statusUserLast, f.status == statusClosedFromQueue:"},
			{"R14", "case f.status == statusInQueue, f.status == statusCustomerLast, f.status == statusClosedFromQueue:", "case f.status == statusCustomerLast, f.status == statusClosedFromQueue:"},
			{"R14", "return f.status != statusUntold && !f.unread", "return f.status != statusUntold"},
			{"R17", "case statusRequestPosted:\n", "case statusClosed:\n"},
			{"R35", "left.after = reached", "left.after = 0 * reached"},
			{"Q17", "if f.user > systemUser {", "if f.user > 0 {"},
			{"R23", "t.UTC().Add(-s.behind)", "t.UTC().Add(s.behind)"},
			{"R14", "func(f facts) bool { return f.status.closed() })", "func(f facts) bool { return false })"},
		},
		"source/superoffice/messages.go": {
			{"R30", "want.After-1", "want.After"},
			{"R29", "t.Skipped = over", "t.Skipped = 0 * over"},
			{"R29", "records[len(records)-limit:], false", "records[:limit], false"},
		},
		"source/superoffice/records.go": {
			{"R15", "kind == specialNone || kind == specialURL", "kind == specialNone"},
			{"R15", "r.Human = conversation.KindMessage, conversation.SenderAgent, true; r.At.After(d.now.Add(ahead))", "r.Human = conversation.KindMessage, conversation.SenderAgent, true; false"},
			{"R34", "r.At.After(d.now.Add(ahead))", "r.At.After(d.now)"},
			{"R15", "case kind == specialBotMessage, kind == specialOptions:", "case kind == specialBotMessage:"},
			{"R15", "r.ReadByCustomer = conversation.ReceiptUnread", "r.ReadByCustomer = conversation.ReceiptUntold"},
			{"R15", "if read != 0 {", "if read == 1 {"},
			{"R15", "told && to == typeToCustomer", "told"},
			{"R17", "r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedByTimeout", "r.Kind, r.Reason = conversation.KindClosed, conversation.ClosedOtherwise"},
			{"R22", "r.Kind = conversation.KindReopened", "r.Kind = conversation.KindOther"},
			{"Q9", "case \"transferedsession\", \"transferredsession\":", "case \"transferredsession\":"},
			{"Q15", "\tdefault:\n\t\treturn specialOther\n", "\tdefault:\n\t\treturn specialNone\n"},
			{"Q14", "\tif r.At.After(now) {\n\t\tr.At = now", "\tif false {\n\t\tr.At = now"},
		},
		"source/superoffice/wire.go": {
			{"R17", "s >= statusFinished", "s > statusFinished"},
			{"Q1", "if raw[0] == '\"' {\n\t\tif err", "if false {\n\t\tif err"},
			{"Q2", "switch strings.ToLower(name) {\n\tcase \"chatsessionid\"", "switch name {\n\tcase \"chatsessionid\""},
			{"Q10", "case \"true\":\n\t\treturn 1, true", "case \"true\":\n\t\treturn 1, false"},
			{"Q13", "case \"chattopic/name\", \"chattopic_name\":", "case \"chattopic_name\":"},
		},
		"source/superoffice/zone.go": {
			{"R34", "case step > 0 || asks:", "case step > 0 && (asks || !asks):"},
			{"R34", "case step > 0 || asks:", "case step > 0 || asks || !asks:"},
		},
	}
}
