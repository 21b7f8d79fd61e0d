package superoffice

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	sim "conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
)

// These tests try the switches of the simulated server that have no quirk of their own.

func TestAnOlderServerIsReadWhateverItSaysOfAColumnItLacks(t *testing.T) {
	for name, columns := range map[string]sim.Columns{"refused": sim.ColumnsRefused, "dropped": sim.ColumnsDropped, "empty": sim.ColumnsEmpty} {
		for _, dynamic := range []int{0, 403, 404, 500} {
			for _, metadata := range []int{0, 404} {
				t.Run(fmt.Sprintf("%s, Dynamic %d, metadata %d", name, dynamic, metadata), func(t *testing.T) {
					c := newCRM(t)
					ids := c.kinds(t)
					c.set(func(sw *sim.Switches) { sw.OldServer, sw.UnknownColumns, sw.DynamicStatus = true, columns, dynamic })
					c.SuperOffice.FailEndpoint(pathColumns, metadata)
					src := c.source(t, nil)
					for range 2 {
						c.expectKinds(t, ids, read(t, src))
						c.World.Advance(time.Minute)
					}
					// What ends is told, and not listed.
					_, _, mark := sweeps(t, src, conversation.Mark{})
					must(t, c.desk.Finish(ids["answered"], world.ByAgent))
					c.World.Advance(time.Minute)
					if told, _, _ := sweeps(t, src, mark); !slices.Equal(told, []int64{ids["answered"]}) {
						t.Errorf("told %v as closed", told)
					}
					if got := read(t, src); len(got) != len(ids)-1 || got[ids["answered"]].ID != 0 {
						t.Errorf("told %+v", got)
					}
				})
			}
		}
	}
}

// Where Dynamic lacks a column, entities take its place or the column is untold.
func TestDynamicThatLacksAColumn(t *testing.T) {
	for _, lacks := range []string{"chat_session.idle", "chat_session.chatbot_isactive", "chat_session.transfer_to", "chat_session.user_id", "chat_session.status"} {
		for name, columns := range map[string]sim.Columns{"refused": sim.ColumnsRefused, "dropped": sim.ColumnsDropped, "empty": sim.ColumnsEmpty} {
			t.Run(lacks+" "+name, func(t *testing.T) {
				c := newCRM(t)
				ids := c.kinds(t)
				c.set(func(sw *sim.Switches) { sw.DynamicLacks, sw.UnknownColumns = []string{lacks}, columns })
				sessions := read(t, c.source(t, nil))
				if columns == sim.ColumnsRefused || lacks == "chat_session.status" || lacks == "chat_session.chatbot_isactive" {
					c.expectKinds(t, ids, sessions)
					return
				}
				for kind, state := range map[string]conversation.State{"bot": conversation.StateAutomated, "owed": conversation.StateAssigned, "queued": conversation.StateQueued} {
					if got := sessions[ids[kind]]; got.State != state || !got.StateSure {
						t.Errorf("%s: %+v", kind, got)
					}
				}
				switch got := sessions[ids["offered"]]; lacks {
				case "chat_session.transfer_to":
					// An empty cell is how nobody may be written.
					if want := map[sim.Columns]conversation.Transfer{sim.ColumnsDropped: conversation.TransferUntold, sim.ColumnsEmpty: conversation.TransferNone}[columns]; got.Transfer != want {
						t.Errorf("told %+v", got)
					}
				case "chat_session.user_id":
					if got.Agent != "" {
						t.Errorf("told %+v", got)
					}
				case "chat_session.idle":
					if !got.LastActivity.IsZero() {
						t.Errorf("told %+v", got)
					}
				}
			})
		}
	}
}

func TestDynamicIsUsedByWhicheverOperatorItTakes(t *testing.T) {
	for name, set := range map[string]func(*sim.Switches){
		"oneOf": func(*sim.Switches) {}, "in": func(sw *sim.Switches) { sw.DynamicEquals = true },
		"numbers for flags": func(sw *sim.Switches) { sw.DynamicNumbers = true }, "labels": func(sw *sim.Switches) { sw.DynamicLabels = true },
		"le and ge": func(sw *sim.Switches) { sw.AllowBounds = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			c.set(set)
			src := c.source(t, nil)
			sessions := read(t, src)
			c.expectKinds(t, ids, sessions)
			c.expectTimes(t, sessions[ids["owed"]])
			before := len(c.requests(pathDynamic))
			read(t, src)
			if n := len(c.requests(pathDynamic)) - before; n != 1 || c.SuperOffice.Requests(pathSession) != 0 {
				t.Errorf("asked %d times once the operator was known, and %d sessions one by one", n, c.SuperOffice.Requests(pathSession))
			}
		})
	}
}

func TestDynamicThatIsNotAllowedIsAskedAgainAfterAWhile(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.DynamicStatus = 403 })
	src := c.source(t, nil)
	for range 3 {
		c.expectKinds(t, ids, read(t, src))
	}
	if n := len(c.requests(pathDynamic)); n != len(dynamicOperators()) {
		t.Errorf("asked %d times", n)
	}
	c.set(func(sw *sim.Switches) { sw.DynamicStatus = 0 })
	c.World.Advance(abilityLife)
	before := c.SuperOffice.Requests(pathSession)
	c.expectKinds(t, ids, read(t, src))
	if n := c.SuperOffice.Requests(pathSession); n != before {
		t.Errorf("%d sessions were asked for one by one", n-before)
	}
}

func TestAListThatIsNotFilteredOrHasFewRowsIsNeverAskedFor(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.UnfilteredRefused, sw.TopDefault = true, 1 })
	src := c.source(t, nil)
	c.expectKinds(t, ids, read(t, src))
	sweeps(t, src, conversation.Mark{})
}

func TestAChatThatVanishesBetweenTheListAndItsMessagesHasNone(t *testing.T) {
	for name, missing := range map[string]sim.Missing{"404": sim.MissingFails, "an empty list": sim.MissingEmpty, "null": sim.MissingNull} {
		for _, dynamic := range []int{0, 403} {
			t.Run(fmt.Sprintf("%s, Dynamic %d", name, dynamic), func(t *testing.T) {
				c := newCRM(t)
				gone, here := c.taken(t, "1001", true), c.taken(t, "1001", true)
				c.set(func(sw *sim.Switches) {
					sw.Vanished, sw.Missing, sw.MissingEntity, sw.DynamicStatus = []int64{gone}, missing, missing, dynamic
				})
				src := c.source(t, nil)
				// The lists show it; who asks for it finds that it is not there.
				if got := read(t, src); len(got) != map[int]int{0: 2, 403: 1}[dynamic] {
					t.Errorf("told %+v", got)
				}
				threads, errs := gather(t, src, conversation.Want{Session: gone}, conversation.Want{Session: here}, conversation.Want{Session: 99999, After: 3})
				if len(errs) != 0 || len(threads) != 3 || len(threads[gone].Records) != 0 || threads[gone].FromStart || len(threads[here].Records) != 3 || len(threads[99999].Records) != 0 {
					t.Errorf("told %+v, errors %v", threads, errs)
				}
				if found, err := src.Lookup(t.Context(), []int64{gone, here}); err != nil || len(found) != 1 || found[0].ID != here {
					t.Errorf("told %+v, error %v", found, err)
				}
			})
		}
	}
}

func TestTopicsThatTheUserMayNotSeeAreNotThere(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.HiddenTopics = []int{world.TopicOrders} })
	src := c.source(t, nil)
	queues, err := src.Queues(t.Context())
	must(t, err)
	if got := read(t, src); len(got) != len(ids)-2 || len(queues) != 3 {
		t.Errorf("told %+v and %+v", got, queues)
	}
}

func TestR30MessagesAfterTheLastOneJoinInAnyOrder(t *testing.T) {
	for name, set := range map[string]func(*sim.Switches){
		"after is exclusive": func(*sim.Switches) {}, "after is inclusive": func(sw *sim.Switches) { sw.AfterInclusive = true },
		"the newest come first": func(sw *sim.Switches) { sw.NewestFirst = true },
		"enums are numbers":     func(sw *sim.Switches) { sw.NumericEnums = true },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			c.set(set)
			id := c.taken(t, "1001", true)
			src := c.source(t, nil)
			first := c.thread(t, src, conversation.Want{Session: id})
			must(t, c.desk.VisitorWrites(id))
			must(t, c.desk.AgentSendsLink(id))
			must(t, c.desk.Finish(id, world.ByCustomer))
			last := first[len(first)-1].ID
			news := c.thread(t, src, conversation.Want{Session: id, After: last})
			if len(first) != 3 || !slices.IsSortedFunc(news, func(a, b conversation.Record) int { return int(a.ID - b.ID) }) || news[len(news)-4].ID != last {
				t.Fatalf("told %+v and then %+v", first, news)
			}
			news = news[len(news)-3:]
			if news[0].Sender != conversation.SenderCustomer || !news[1].Human || news[2].Kind != conversation.KindClosed || news[2].Reason != conversation.ClosedByCustomer {
				t.Errorf("told %+v", news)
			}
		})
	}
}

func TestAResetThatRenewsTheRequestIsTold(t *testing.T) {
	for _, renews := range []bool{false, true} {
		c := newCRM(t)
		id := c.open(t, world.ChatOpening{Topic: world.TopicOrders, Bot: true})
		c.set(func(sw *sim.Switches) { sw.ResetRenews = renews })
		c.World.Advance(10 * time.Minute)
		must(t, c.desk.Reset(id))
		got := read(t, c.source(t, nil))[id]
		chat, _ := c.desk.Chat(id)
		want := map[bool]time.Time{false: chat.Requested, true: chat.Entered}[renews]
		if got.State != conversation.StateQueued || !got.Requested.Equal(want) || got.Requested.After(c.World.Now()) {
			t.Errorf("renewed %t: told %+v", renews, got)
		}
	}
}

// A server behind UTC reads the dates of filters in its own zone, which an exporter that
// asks for UTC learns by the dates alone.
func TestR23WhatEndsOnAServerBehindUTCIsTold(t *testing.T) {
	york, err := time.LoadLocation("America/New_York")
	must(t, err)
	for name, row := range map[string]struct {
		mode sim.Dates
		zone *time.Location
	}{
		"unmarked, the zone is configured": {sim.DatesUnmarked, york}, "tagged": {sim.DatesTagged, nil}, "tagged, the zone is configured": {sim.DatesTagged, york},
		"converted": {sim.DatesConverted, nil}, "called UTC, the zone is configured": {sim.DatesPretended, york},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRMIn(t, york)
			ids := c.kinds(t)
			c.set(func(sw *sim.Switches) { sw.Dates = row.mode })
			src := c.source(t, func(o *Options) { o.TimeZone = row.zone })
			c.expectKinds(t, ids, read(t, src))
			last := c.open(t, world.ChatOpening{Topic: world.TopicSupport})
			must(t, c.desk.Close(last))
			_, _, mark := sweeps(t, src, conversation.Mark{}) // Beyond it no older one is found by its id.
			must(t, c.desk.Finish(ids["owed"], world.ByAgent))
			must(t, c.desk.Leave(ids["queued"]))
			c.World.Advance(time.Minute)
			told, sessions, mark := sweeps(t, src, mark)
			if !slices.Equal(told, []int64{ids["queued"], ids["owed"]}) {
				t.Fatalf("told %v", told)
			}
			if chat, _ := c.desk.Chat(ids["queued"]); !sessions[chat.ID].Ended.Equal(chat.Ended) || sessions[chat.ID].CloseReason != conversation.ClosedAbandoned {
				t.Errorf("told %+v of %+v", sessions[chat.ID], chat)
			}
			if told, _, _ = sweeps(t, src, mark); len(told) != 0 {
				t.Errorf("told %v again", told)
			}
		})
	}
}

// A clock that is wrong is corrected by the Date that the server tells; where the Date is
// wrong beside, what has happened still lies in no future.
func TestR34ClocksOfAServerThatAreWrong(t *testing.T) {
	for name, row := range map[string]struct {
		clock, date time.Duration
		off         time.Duration
	}{
		"a minute ahead": {clock: time.Minute}, "ten minutes behind": {clock: -10 * time.Minute}, "a little": {clock: 3 * time.Second, off: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCRM(t)
			ids := c.kinds(t)
			c.set(func(sw *sim.Switches) { sw.ClockSkew, sw.DateSkew = row.clock, row.date })
			src := c.source(t, nil)
			sessions := read(t, src)
			c.expectKinds(t, ids, sessions)
			for _, id := range ids {
				chat, _ := c.desk.Chat(id)
				if got := sessions[id]; got.Requested.Sub(chat.Requested).Abs() > row.off+time.Second || got.LastActivity.Sub(chat.Idle).Abs() > row.off+time.Second || got.LastActivity.After(c.World.Now()) {
					t.Errorf("told %+v of %+v", got, chat)
				}
			}
			_, _, mark := sweeps(t, src, conversation.Mark{})
			must(t, c.desk.Finish(ids["owed"], world.ByAgent))
			c.World.Advance(time.Minute)
			if told, _, _ := sweeps(t, src, mark); !slices.Equal(told, []int64{ids["owed"]}) {
				t.Errorf("told %v", told)
			}
		})
	}
	// A clock that is a little ahead, which is not corrected, makes no bot of an agent.
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.ClockSkew = 4 * time.Second })
	must(t, c.desk.AgentWrites(ids["owed"]))
	records := c.thread(t, c.source(t, nil), conversation.Want{Session: ids["owed"]})
	if last := records[len(records)-1]; !last.Human || last.Sender != conversation.SenderAgent {
		t.Errorf("told %+v", last)
	}
	c.set(func(sw *sim.Switches) { sw.ClockSkew, sw.DateSkew = 0, -time.Hour })
	for _, got := range listed(t, c.source(t, nil)) {
		if got.Requested.After(c.World.Now()) || got.LastActivity.After(c.World.Now()) || got.Started.After(c.World.Now()) {
			t.Errorf("told %+v of %d chats", got, len(ids))
		}
	}
}

// listed lists the open sessions, whatever the coverage.
func listed(t *testing.T, src *Source) []conversation.Session {
	t.Helper()
	sessions, _, err := src.OpenSessions(t.Context())
	must(t, err)
	return sessions
}

func TestConnectionsThatEndAfterEachAnswerAreNoMatter(t *testing.T) {
	c := newCRM(t)
	ids := c.kinds(t)
	c.set(func(sw *sim.Switches) { sw.CloseConnections, sw.Latency = true, time.Millisecond })
	c.expectKinds(t, ids, read(t, c.source(t, nil)))
}

// A switch of the simulated server that no test sets is a case that nobody has looked at.
func TestEverySwitchOfTheSimulatedServerIsTried(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	must(t, err)
	var text strings.Builder
	for _, file := range files {
		content, err := os.ReadFile(file) // #nosec G304 -- a file of the package
		must(t, err)
		text.Write(content)
	}
	for i, all := 0, reflect.TypeFor[sim.Switches](); i < all.NumField(); i++ {
		name := all.Field(i).Name
		if !regexp.MustCompile(`sw\.` + name + `\b`).MatchString(text.String()) {
			t.Errorf("no test sets %s", name)
		}
	}
}
