package superoffice

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// canary is part of every secret and of every customer's name and word; it must
// show nowhere.
const canary = "canary"

// start is where the clocks of these tests begin.
func start() time.Time { return time.Date(2026, time.February, 3, 9, 0, 0, 0, time.UTC) }

// clock is one that stands unless a test moves it.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.advance(d)
	return ctx.Err()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// chat is a session of the stub; its times are as the server writes them.
type chat struct {
	id, topic, status                        int64
	requested, started, ended, idle, fetched string
	user, transfer                           int64
	bot                                      bool
	messages                                 string
	vanished                                 bool
}

// stub is a SuperOffice server of its own kind: the parts that the reference shows,
// and switches for what it leaves open.
type stub struct {
	*httptest.Server
	clock *clock

	mu    sync.Mutex
	chats []chat
	// authorization is what the server accepts.
	authorization string
	// dynamic is the operator that the archive Dynamic takes; empty for none at all.
	dynamic string
	// old is true for a server whose list lacks the status, silent for one that says
	// nothing of its columns.
	old, silent bool
	// lenient is true for one that passes over columns which it does not know.
	lenient bool
	// slim is true for one that answers in the mode Slim whatever was asked.
	slim bool
	// cap bounds a page, 0 for no bound.
	cap int
	// fail answers before anything else; 0 for no failure.
	fail func(r *http.Request) int
	// answers overrides the body of a path.
	answers  map[string]string
	requests []string
	headers  []http.Header
}

// newStub makes a stub with one topic of support.
func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{clock: &clock{now: start()}, authorization: "Basic " + canary, answers: map[string]string{
		"/so/api":                           `{"NetServerVersion":"10.2.8","NetServer":"SuperOffice NetServer"}`,
		"/so/api/v1/MDOList/chatchannel":    `[{"Id":0,"Name":"All"},{"Id":3,"Name":"Support","Deleted":false,"ChildItems":[{"Id":5,"Name":"Sales"}]},{"Id":9,"Name":"Gone","Deleted":true}]`,
		"/so/api/v1/ChatTopic/3":            `{"ChatTopicId":3,"Name":"Support","WarnNewChatMinutes":5,"WarnManagerNewChatMinutes":10,"WarnChatMessageMinutes":0,"WarnManagerChatMessageMinutes":15,"AlertRecipient":"canary"}`,
		"/so/api/v1/ChatTopic/5":            `{"ChatTopicId":5,"Name":"Sales"}`,
		"/so/api/v1/ChatTopic/3/IsOpen":     `true`,
		"/so/api/v1/ChatTopic/5/IsOpen":     `false`,
		"/so/api/v1/" + pathPresence:        `[{"UserId":67,"DisplayName":"Kari Berg","OngoingChats":2,"Present":true,"ChatTopics":[3,5],"TableRight":null,"FieldProperties":{}},{"UserId":68,"DisplayName":"Ola","Present":false,"ChatTopics":[3]}]`,
		"/so/api/v1/ChatSession/1/Messages": ``,
	}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// source makes a Source that reads the stub, unless change says otherwise.
func (s *stub) source(t *testing.T, change func(*Options)) *Source {
	t.Helper()
	opts := Options{
		URL: s.URL + "/so", UserAgent: "test", Clock: s.clock, Jitter: func(time.Duration) time.Duration { return 0 },
		Authorization: func() (httpapi.Secret, error) { return httpapi.NewSecret("Basic " + canary), nil },
	}
	if change != nil {
		change(&opts)
	}
	src, err := New(opts)
	must(t, err)
	t.Cleanup(func() { must(t, src.Close(context.Background())) })
	return src
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ServeHTTP implements http.Handler.
func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/so/api/v1/")
	s.requests = append(s.requests, r.Method+" "+path+" "+r.URL.Query().Get("$filter"))
	s.headers = append(s.headers, r.Header.Clone())
	w.Header().Set("Date", s.clock.Now().UTC().Format(http.TimeFormat))
	if r.Header.Get("Authorization") != s.authorization && r.URL.Path != "/so/api" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.fail != nil {
		if status := s.fail(r); status != 0 {
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"Error":true,"ErrorMessage":"%s"}`, canary)
			return
		}
	}
	if body, ok := s.answers[r.URL.Path]; ok && body != "" {
		fmt.Fprint(w, body)
		return
	}
	s.serve(w, r, path)
}

// serve answers what is made of the sessions.
func (s *stub) serve(w http.ResponseWriter, r *http.Request, path string) {
	parts := strings.Split(path, "/")
	switch {
	case path == "ChatSession":
		s.list(w, r, false)
	case path == "Archive/Dynamic" && s.dynamic != "":
		s.list(w, r, true)
	case path == "Archive/ChatSession$metadata" && !s.silent:
		columns := map[string]any{"chatSessionId": 1, "whenEnded": 1}
		if !s.old {
			columns["status"] = 1
		}
		_ = json.NewEncoder(w).Encode(columns)
	case len(parts) == 2 && parts[0] == "ChatSession":
		s.entity(w, parts[1])
	case len(parts) == 3 && parts[2] == "Messages":
		s.thread(w, parts[1], r.URL.Query().Get("after"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// match finds the numbers of a part of a filter.
func match(filter, pattern string) []string {
	if found := regexp.MustCompile(pattern).FindStringSubmatch(filter); found != nil {
		return strings.Split(found[1], ",")
	}
	return nil
}

// list answers a page of a list.
func (s *stub) list(w http.ResponseWriter, r *http.Request, dynamic bool) {
	q := r.URL.Query()
	filter := q.Get("$filter")
	if strings.Contains(filter, "chat_message") {
		fmt.Fprint(w, `{"value":[{"PrimaryKey":9999,"Column":{"chat_message.id":{"RawValue":9999}}}]}`)
		return
	}
	operator := "oneOf"
	if dynamic {
		operator = s.dynamic
	}
	statuses := match(filter, `status `+operator+` \(([0-9,]+)\)`)
	if dynamic && statuses == nil || !dynamic && s.old && !s.lenient && (strings.Contains(filter, "status") || slices.Contains(strings.Split(q.Get("$select"), ","), "status")) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if !dynamic && s.old {
		statuses = nil // It knows nothing of it.
	}
	number := func(pattern string, otherwise int64) int64 {
		if found := match(filter, pattern); found != nil {
			n, _ := strconv.ParseInt(found[0], 10, 64)
			return n
		}
		return otherwise
	}
	above, below := number(`[iI]d gt ([0-9]+)`, 0), number(`[iI]d lt ([0-9]+)`, 1<<40)
	requested, ended := match(filter, `whenRequested afterTime '([^']+)'`), match(filter, `whenEnded afterTime '([^']+)'`)
	top, _ := strconv.Atoi(q.Get("$top"))
	if s.cap > 0 {
		top = min(top, s.cap)
	}
	chats := slices.Clone(s.chats)
	slices.SortFunc(chats, func(a, b chat) int { return int(a.id - b.id) })
	if strings.HasSuffix(q.Get("$orderBy"), " desc") {
		slices.Reverse(chats)
	}
	rows := []map[string]any{}
	for _, c := range chats {
		switch {
		case c.id <= above, c.id >= below, len(rows) >= top:
		case statuses != nil && !slices.Contains(statuses, strconv.FormatInt(c.status, 10)):
		case requested != nil && c.requested < requested[0], ended != nil && c.ended < ended[0]:
		default:
			rows = append(rows, s.row(&c, dynamic))
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"odata.metadata": "x", "odata.nextLink": nil, "value": rows})
}

// none is how the server writes that there is no date.
const none = "0001-01-01T00:00:00"

func orNone(date string) string {
	if date == "" {
		return none
	}
	return date
}

// row is one row of a list.
func (s *stub) row(c *chat, dynamic bool) map[string]any {
	cells := map[string]any{
		"chatSessionId": c.id, "whenRequested": orNone(c.requested), "whenStarted": orNone(c.started), "whenEnded": orNone(c.ended),
		"chatTopic/chatTopicId": c.topic, "chatTopic/name": "Support", "firstMessage": canary,
	}
	if !s.old {
		cells["status"] = c.status
	}
	if dynamic {
		cells = map[string]any{
			"chat_session.id": c.id, "chat_session.topic_id": c.topic, "chat_session.user_id": c.user, "chat_session.status": strconv.FormatInt(c.status, 10),
			"chat_session.when_requested": orNone(c.requested), "chat_session.when_started": orNone(c.started), "chat_session.idle": orNone(c.idle),
			"chat_session.customer_fetch": orNone(c.fetched), "chat_session.transfer_to": c.transfer, "chat_session.chatbot_isactive": c.bot,
		}
	}
	if s.slim {
		cells["PrimaryKey"], cells["EntityName"] = strconv.FormatInt(c.id, 10), "chat"
		return cells
	}
	columns := make(map[string]any, len(cells))
	for name, value := range cells {
		columns[name] = map[string]any{"RawValue": value, "DisplayValue": canary, "TooltipHint": ""}
	}
	return map[string]any{"PrimaryKey": c.id, "EntityName": "chat", "TableRight": map[string]any{"Mask": 1}, "Column": columns}
}

func (s *stub) find(id string) *chat {
	for i := range s.chats {
		if strconv.FormatInt(s.chats[i].id, 10) == id {
			return &s.chats[i]
		}
	}
	return nil
}

// names are the statuses as entities write them.
func names() []string {
	return []string{"Invalid", "PreChatForm", "Faq", "OfflineForm", "InQueue", "CustomerLast", "UserLast", "Finished", "Deleted", "Closed", "RequestPosted", "ClosedFromQueue"}
}

// entity answers one session.
func (s *stub) entity(w http.ResponseWriter, id string) {
	c := s.find(id)
	if c == nil || c.vanished {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	out := map[string]any{
		"ChatSessionId": c.id, "TopicId": c.topic, "Status": names()[c.status], "WhenRequested": orNone(c.requested), "WhenStarted": orNone(c.started),
		"WhenEnded": orNone(c.ended), "WhenIdle": orNone(c.idle), "WhenFetched": orNone(c.fetched), "ChatbotIsActive": c.bot, "User": nil, "TransferTo": nil,
		"SessionKey": canary, "CustomerName": canary,
	}
	if c.user > 0 {
		out["User"] = map[string]any{"AssociateId": 17, "EjUserId": c.user, "FullName": "Kari Berg"}
	}
	if c.transfer > 0 {
		out["TransferTo"] = map[string]any{"AssociateId": 18, "EjUserId": c.transfer}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// thread answers the messages of one session, all of them whatever after says.
func (s *stub) thread(w http.ResponseWriter, id, _ string) {
	c := s.find(id)
	switch {
	case c == nil || c.vanished:
		w.WriteHeader(http.StatusNotFound)
	case c.messages == "":
		fmt.Fprint(w, "[]")
	default:
		fmt.Fprint(w, c.messages)
	}
}

// asked counts the requests whose method and path begin so.
func (s *stub) asked(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// do changes the stub.
func (s *stub) do(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// local writes an instant as a server in UTC does.
func local(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// read lists the open sessions and expects that nothing was lost.
func read(t *testing.T, src *Source) map[int64]conversation.Session {
	t.Helper()
	sessions, cover, err := src.OpenSessions(t.Context())
	if err != nil || !cover.Complete() {
		t.Fatalf("coverage %+v, error %v", cover, err)
	}
	return byID(sessions)
}

func byID(sessions []conversation.Session) map[int64]conversation.Session {
	found := make(map[int64]conversation.Session, len(sessions))
	for _, s := range sessions {
		found[s.ID] = s
	}
	return found
}

func noCanary(t *testing.T, what ...any) {
	t.Helper()
	if text := fmt.Sprintf("%+v", what); strings.Contains(strings.ToLower(text), canary) {
		t.Errorf("a secret or a customer shows in %s", text)
	}
}
