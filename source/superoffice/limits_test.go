package superoffice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// withTopics gives the stub topics 1 to n, each open and with a limit.
func (s *stub) withTopics(n int) {
	topics := make([]string, 0, n)
	for i := 1; i <= n; i++ {
		topics = append(topics, fmt.Sprintf(`{"Id":%d,"Name":"T%d"}`, i, i))
		s.answers[fmt.Sprintf("/so/api/v1/ChatTopic/%d", i)] = fmt.Sprintf(`{"ChatTopicId":%d,"WarnNewChatMinutes":5}`, i)
		s.answers[fmt.Sprintf("/so/api/v1/ChatTopic/%d/IsOpen", i)] = `true`
	}
	s.answers["/so/api/v1/"+pathTopics] = "[" + strings.Join(topics, ",") + "]"
}

// withChats gives the stub chats 1 to n of one message each, and says what is wanted then.
func (s *stub) withChats(n int64) (wants []conversation.Want) {
	for i := int64(1); i <= n; i++ {
		s.chats = append(s.chats, chat{id: i, topic: 3, status: 5, messages: fmt.Sprintf(`[{"ChatMessageId":%d,"Type":"ToUser","WhenPosted":"2026-02-03T08:00:00"}]`, i)})
		wants = append(wants, conversation.Want{Session: i})
	}
	return wants
}

// told counts the topics whose opening hours and whose limits are told.
func told(queues []conversation.Queue) (open, limits int) {
	for _, q := range queues {
		if q.Open == conversation.OpeningOpen {
			open++
		}
		if q.Limits.NewSessionAgent > 0 {
			limits++
		}
	}
	return open, limits
}

// What hangs beside the sessions takes neither their time nor that of the rest.
func TestAnEndpointOfTopicsThatHangsLeavesTheOthersTheirTime(t *testing.T) {
	for name, tc := range map[string]struct {
		hangs        func(path string) bool
		open, limits int
		present      bool
	}{
		"opening hours": {func(path string) bool { return strings.HasSuffix(path, "/IsOpen") }, 0, 10, true},
		"settings": {func(path string) bool {
			return strings.Contains(path, "ChatTopic/") && !strings.HasSuffix(path, "/IsOpen")
		}, 10, 0, true},
		"presence": {func(path string) bool { return strings.HasSuffix(path, pathPresence) }, 10, 10, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t)
			s.withTopics(10)
			wants := s.withChats(12)
			serve := s.Config.Handler
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tc.hangs(r.URL.Path) {
					_, _ = io.Copy(io.Discard, r.Body) // Else the server does not see who leaves.
					<-r.Context().Done()
					return
				}
				serve.ServeHTTP(w, r)
			})
			src := s.source(t, nil)
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			type answer struct {
				queues []conversation.Queue
				agents []conversation.Agent
				err    error
			}
			beside := make(chan answer)
			go func() {
				queues, err := src.Queues(ctx)
				agents, _ := src.Agents(ctx)
				beside <- answer{queues, agents, err}
			}()
			short, done := context.WithTimeout(t.Context(), 2*time.Second)
			defer done()
			sessions, _, err := src.OpenSessions(short)
			names, other := src.QueueNames(short)
			threads, last := gatherUntil(short, src, wants...)
			if err := errors.Join(err, other, last); err != nil || len(sessions) != 12 || len(names) != 10 || len(threads) != 12 {
				t.Errorf("%d sessions, %d names, %d threads, error %v", len(sessions), len(names), len(threads), err)
			}
			got := <-beside
			open, limits := told(got.queues)
			present := len(got.agents) == 2 && got.agents[0].Presence == conversation.PresencePresent
			if got.err == nil || open != tc.open || limits != tc.limits || present != tc.present || ctx.Err() != nil {
				t.Errorf("open %d, limits %d, agents %+v, error %v, the whole time was used: %v", open, limits, got.agents, got.err, ctx.Err())
			}
		})
	}
}

func TestTheNamesOfQueuesCostNoCallForEach(t *testing.T) {
	s := newStub(t)
	queues, err := s.source(t, nil).QueueNames(t.Context())
	if err != nil || len(queues) != 2 || queues[0].Name != "Support" || s.asked("GET ChatTopic") != 0 || s.asked("POST") != 0 {
		t.Errorf("queues %+v, error %v, asked %v", queues, err, s.requests)
	}
}

func TestManyTopicsAreAskedAboutInTurn(t *testing.T) {
	s := newStub(t)
	s.withTopics(300)
	src := s.source(t, nil)
	for pass := range 40 {
		before := s.asked("GET ChatTopic/")
		queues, err := src.Queues(t.Context())
		open, limits := told(queues)
		asked := s.asked("GET ChatTopic/") - before
		switch first := 2 * manyTopics / factsAPass; {
		case asked > factsAPass || len(queues) != 300:
			t.Fatalf("pass %d: %d calls for %d topics", pass, asked, len(queues))
		case pass+1 < first && !errors.Is(err, conversation.ErrLeftOut):
			t.Errorf("pass %d: it is not told that some are left: %v", pass, err)
		case pass+1 >= first && (err != nil || open != manyTopics || limits != manyTopics):
			t.Errorf("pass %d: open %d, limits %d, error %v", pass, open, limits, err)
		}
		if i := slices.IndexFunc(queues[manyTopics:], func(q conversation.Queue) bool { return q.Open != conversation.OpeningUntold }); i >= 0 {
			t.Errorf("pass %d: %+v has no label of its own, and is told", pass, queues[i])
		}
		s.clock.advance(30 * time.Second)
	}
}

// A value that could not be told anew for long does not pass for one of now.
func TestOldFactsOfATopicAreUntold(t *testing.T) {
	s := newStub(t)
	src := s.source(t, nil)
	_, err := src.Queues(t.Context())
	must(t, err)
	for _, tc := range []struct {
		after        time.Duration
		open, limits int
	}{{hoursKept - time.Second, 1, 1}, {time.Second, 0, 1}, {limitsKept - hoursKept, 0, 0}} {
		s.clock.advance(tc.after)
		queues, err := src.QueueNames(t.Context())
		must(t, err)
		if open, limits := told(queues); open != tc.open || limits != tc.limits {
			t.Errorf("after %s more: open %d, limits %d", tc.after, open, limits)
		}
	}
}

// One topic that answers oddly is asked for after the others, and hides none.
func TestOneOddTopicHidesNoOther(t *testing.T) {
	for path, body := range map[string]string{"ChatTopic/1/IsOpen": `null`, "ChatTopic/1": `{"Error":true}`} {
		t.Run(path, func(t *testing.T) {
			s := newStub(t)
			s.withTopics(14)
			s.answers["/so/api/v1/"+path] = body
			queues, err := s.source(t, nil).Queues(t.Context())
			if open, limits := told(queues); err == nil || open+limits != 27 {
				t.Errorf("open %d, limits %d, error %v", open, limits, err)
			}
		})
	}
}

func TestAFailureOfPresenceIsMetOnceAPass(t *testing.T) {
	s := newStub(t)
	s.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, pathPresence) {
			return http.StatusForbidden
		}
		return 0
	}
	src := s.source(t, nil)
	for pass := range 2 {
		_, queues := src.Queues(t.Context())
		_, agents := src.Agents(t.Context())
		if n := s.asked("POST"); n != pass+1 || queues == nil || agents == nil || queues.Error() != agents.Error() {
			t.Errorf("asked %d times, told %v and %v", n, queues, agents)
		}
		s.clock.advance(sameTry)
	}
}

func TestASessionThatIsForbiddenLeavesTheOthers(t *testing.T) {
	s := newStub(t)
	wants := s.withChats(40)
	var order []string
	s.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/Messages") {
			order = append(order, r.URL.Path)
		}
		if strings.HasSuffix(r.URL.Path, "/ChatSession/1/Messages") {
			return http.StatusForbidden
		}
		return 0
	}
	src := s.source(t, func(o *Options) { o.Concurrency = 1 })
	for range 2 {
		threads, errs := gather(t, src, wants...)
		var loss *conversation.LossError
		if len(threads) != 39 || len(errs) != 1 || !errors.As(errs[0], &loss) || loss.Of != "1 session" {
			t.Errorf("%d threads, errors %v", len(threads), errs)
		}
	}
	if !strings.Contains(order[0], "/1/") || !strings.Contains(order[len(order)-1], "/1/") {
		t.Errorf("asked %v: what was forbidden is to come last", order)
	}
}

func TestWhereEverySessionIsForbiddenFewAreAskedFor(t *testing.T) {
	s := newStub(t)
	wants := s.withChats(40)
	s.fail = func(r *http.Request) int {
		if strings.HasSuffix(r.URL.Path, "/Messages") {
			return http.StatusForbidden
		}
		return 0
	}
	threads, errs := gather(t, s.source(t, nil), wants...)
	var loss *conversation.LossError
	if len(threads) != 0 || len(errs) != 1 || !errors.As(errs[0], &loss) || loss.Of != "40 sessions" || s.asked("GET ChatSession/") > refusalsInARow+4 {
		t.Errorf("%d threads, errors %v, asked %v", len(threads), errs, s.requests)
	}
}

func TestOneOddAnswerHidesNoOtherSessionFromALookUp(t *testing.T) {
	s := newStub(t)
	ids := make([]int64, 0, 40)
	for _, want := range s.withChats(40) {
		ids = append(ids, want.Session)
	}
	s.answers["/so/api/v1/ChatSession/1"] = `{"Error":true}`
	src := s.source(t, nil)
	found, err := src.Lookup(t.Context(), ids)
	var failed *conversation.LookupError
	if len(found) != 39 || !errors.As(err, &failed) || !slices.Equal(failed.Asked, ids) {
		t.Errorf("found %d, error %v", len(found), err)
	}
	s.do(func() {
		for _, id := range ids {
			s.answers[fmt.Sprintf("/so/api/v1/ChatSession/%d", id)] = `{"Error":true}`
		}
	})
	found, err = src.Lookup(t.Context(), ids)
	if len(found) != 0 || !errors.As(err, &failed) || len(failed.Asked) < failuresInARow || len(failed.Asked) > failuresInARow+4 {
		t.Errorf("where all are odd: found %d, error %v, asked for %v", len(found), err, failed)
	}
}

// What a few bytes of an answer can cost is bounded.
func TestManyQueuesOfAnAgentAndManyAgentsTakeLittleTime(t *testing.T) {
	row := presenceRow{UserID: scalar{"2", true}}
	for i := range 300_000 {
		row.Topics = append(row.Topics, scalar{strconv.Itoa(i + 1), true})
	}
	rows := []presenceRow{row}
	for i := range 50_000 {
		rows = append(rows, presenceRow{UserID: scalar{strconv.Itoa(i + 3), true}})
	}
	src := newStub(t).source(t, nil)
	sessions := make([]conversation.Session, 0, 20_000)
	for i := range 20_000 {
		sessions = append(sessions, conversation.Session{Agent: strconv.Itoa(i + 1_000_000)})
	}
	began := time.Now()
	src.dir.agents = agentsOf(rows)
	src.dir.talk(sessions)
	if all := src.dir.everybody(); len(all) != 70_001 || len(all[0].Queues) != 300_000 {
		t.Errorf("%d agents", len(all))
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestOfManyMessagesTheNewestAreKept(t *testing.T) {
	text := make([]string, 0, 1000)
	for i := range 1000 {
		text = append(text, fmt.Sprintf(`{"ChatMessageId":%d,"Type":"ToUser","WhenPosted":"2026-02-03T08:00:00"}`, i*7919%1000+1))
	}
	rows := messageRows{session: 1, after: 40, keep: 6}
	must(t, json.Unmarshal([]byte("["+strings.Join(text, ",")+"]"), &rows))
	if len(rows.rows) >= 2*rows.keep || cap(rows.rows) > 50 || rows.left+len(rows.rows) != 960 {
		t.Errorf("%d rows of %d, %d left", len(rows.rows), cap(rows.rows), rows.left)
	}
	s := newStub(t)
	s.chats = []chat{{id: 1, status: 5, messages: "[" + strings.Join(text, ",") + "]"}}
	threads, errs := gather(t, s.source(t, nil), conversation.Want{Session: 1, After: 40, Limit: 5})
	if got := threads[1]; len(errs) != 0 || len(got.Records) != 5 || got.Records[0].ID != 996 || got.Records[4].ID != 1000 || got.Skipped != 955 {
		t.Errorf("told %+v, errors %v", got, errs)
	}
	// Of messages without a number nothing can be made, so one is enough.
	must(t, json.Unmarshal([]byte("["+strings.Repeat("{},", 999)+"{}]"), &rows))
	if len(rows.rows) != 1 {
		t.Errorf("%d rows without a number are kept", len(rows.rows))
	}
}

// rowsFrom answers a page of n sessions above an id.
func rowsFrom(after int64, n int) string {
	rows := make([]string, 0, n)
	for i := range int64(n) {
		rows = append(rows, fmt.Sprintf(`{"chatSessionId":%d,"status":5}`, after+1+i))
	}
	return `{"value":[` + strings.Join(rows, ",") + `]}`
}

func TestAPageOfFarMoreThanWasAskedForIsRefused(t *testing.T) {
	for n, refused := range map[int]bool{mostOf(100): false, mostOf(100) + 1: true} {
		out := listAnswer{most: mostOf(100)}
		must(t, json.Unmarshal([]byte(rowsFrom(0, n)), &out))
		if v := judgeList(pathSessions, &out)(); (v.Reason == httpapi.ReasonTooLarge) != refused || len(out.Rows) > mostOf(100) {
			t.Errorf("of %d rows %d are taken, verdict %v", n, len(out.Rows), v.Err)
		}
		// A call that is repeated is bounded too.
		if out.Forget(); out.most != mostOf(100) || out.whole {
			t.Errorf("after it was forgotten %+v", out)
		}
	}
}

func TestAListWithoutEndIsLeft(t *testing.T) {
	s := newStub(t)
	const page = 30_000
	serve := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		filter := r.URL.Query().Get("$filter")
		if r.URL.Path != "/so/api/v1/ChatSession" {
			serve.ServeHTTP(w, r)
			return
		}
		var after int64
		_, err := fmt.Sscan(match(filter, `Id gt ([0-9]+)`)[0], &after)
		if err != nil || after > 2*mostRows {
			t.Errorf("asked %q", filter)
		}
		fmt.Fprint(w, rowsFrom(after, page))
	})
	sessions, cover, err := s.source(t, func(o *Options) { o.PageSize = page }).OpenSessions(t.Context())
	// Those that were asked for one by one are not there.
	if err != nil || len(sessions) != mostRows-entitiesAPass || len(cover.Cut) != 1 || len(cover.Problems) == 0 || !errors.Is(cover.Problems[0], conversation.ErrLeftOut) {
		t.Errorf("%d sessions, cut %v, problems %v, error %v", len(sessions), cover.Cut, cover.Problems, err)
	}
}
