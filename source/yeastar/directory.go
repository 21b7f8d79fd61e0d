package yeastar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"conversation_exporter/conversation"
)

const (
	// directoryLife is how long queues, members and extensions are taken as told.
	directoryLife = 10 * time.Minute
	// directoryFresh is how old the queues may be before a queue that they do
	// not name makes us look again.
	directoryFresh = 50 * time.Second
	// queryBatch is how many queues are queried at once; the vendor documents no
	// limit, and a PBX has at most 128.
	queryBatch = 32
	// mostMembers is how many members all queues may have together, one who is in
	// several counted in each. It bounds our memory.
	mostMembers = 100_000
)

// mode is how a queue's sessions come to an agent (vendor's page "Query
// Information of Multiple Message Queues").
type mode string

const (
	// modeNone is the mode in which a session is never picked up.
	modeNone mode = "none"
	// modeAuto is the one in which the first reply picks it up.
	modeAuto mode = "auto"
)

// queueInfo is what is known of one message queue.
type queueInfo struct {
	name string
	// mode is empty where it was never told.
	mode mode
	// members are those that the PBX told, told is true where it did.
	members []member
	told    bool
}

// member is an agent of a queue.
type member struct {
	// id is what pickup_member_id of a session refers to, extension the id of the
	// agent's extension, number what people call it by.
	id, extension int64
	number        string
}

// agent gives the number of the extension that has picked a session up; empty
// where no member has that id. The vendor calls both numbers "ID of the agent"
// and does not say which of the two a session tells, so a member's own is
// looked for first (vendor's pages "Search Specific Message Sessions", "Query
// Information of a Message Queue").
func (q *queueInfo) agent(id int64) string {
	for _, m := range q.members {
		if m.id == id {
			return m.number
		}
	}
	for _, m := range q.members {
		if m.extension == id {
			return m.number
		}
	}
	return ""
}

// directory remembers what changes seldom: queues with their members, and
// extensions. Failures are not remembered, what was known before stays.
type directory struct {
	source *Source
	// queueTurn and extensionTurn let one caller at a time ask the PBX, so that
	// others who want the same meanwhile find it told.
	queueTurn, extensionTurn *semaphore.Weighted

	mu       sync.Mutex
	queues   map[int64]queueInfo
	queuesAt time.Time
	// triedAt is when the queues were last asked for, failure what came of it,
	// tries how often they were asked for.
	triedAt time.Time
	failure error
	tries   int
	// missing is true where the PBX has no message queues at all.
	missing      bool
	extensions   []extension
	extensionsAt time.Time
}

func newDirectory(s *Source) *directory {
	return &directory{source: s, queueTurn: semaphore.NewWeighted(1), extensionTurn: semaphore.NewWeighted(1)}
}

// loadQueues reads the queues unless they are younger than life.
func (d *directory) loadQueues(ctx context.Context, life time.Duration) error {
	fresh, tries, _ := d.queuesTold(life)
	if fresh {
		return nil
	}
	if err := d.queueTurn.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("listing the message queues: %w", err)
	}
	defer d.queueTurn.Release(1)
	if fresh, since, failure := d.queuesTold(life); fresh || since != tries {
		return failure // Somebody else has just asked.
	}
	// Where nobody can sign in, that is told in the same words by all.
	if _, err := d.source.tokens.get(ctx); err != nil {
		return err
	}
	now := d.source.opts.Clock.Now()
	err := d.askQueues(ctx, now)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.triedAt, d.failure = now, err
	d.tries++
	return err
}

// queuesTold reports whether the queues are younger than life, how often they were
// asked for, and what came of it the last time.
func (d *directory) queuesTold(life time.Duration) (fresh bool, tries int, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fresh = !d.queuesAt.IsZero() && d.source.opts.Clock.Now().Before(d.queuesAt.Add(life))
	if fresh {
		return true, d.tries, nil
	}
	return false, d.tries, d.failure
}

// recall is loadQueues for who comes after OpenSessions in a pass: a failure that was
// met a moment ago is told and not met again.
func (d *directory) recall(ctx context.Context) error {
	if recent, failure := d.lastTry(); recent {
		return failure
	}
	return d.loadQueues(ctx, directoryLife)
}

// lastTry tells how the last try to read the queues went, if it was a moment ago.
func (d *directory) lastTry() (recent bool, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.triedAt.IsZero() && d.source.opts.Clock.Now().Before(d.triedAt.Add(directoryFresh)), d.failure
}

// askQueues reads the queues and remembers what it could read.
func (d *directory) askQueues(ctx context.Context, now time.Time) error {
	listed, err := pages(ctx, d.source, pathQueueList, nil, listQueue)
	missing := errors.Is(err, conversation.ErrUnsupported) && !d.source.opts.Viewers.QueueMembers
	if missing {
		// Nobody needs the queues of a PBX that has none.
		listed, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("listing the message queues: %w", err)
	}
	detailed, err := d.query(ctx, listed)
	d.mu.Lock()
	defer d.mu.Unlock()
	known := make(map[int64]queueInfo, len(listed))
	for _, one := range listed {
		info := d.queues[one.id]
		info.name = one.name
		if more, ok := detailed[one.id]; ok {
			info.mode, info.members, info.told = more.mode, more.members, more.told
		}
		known[one.id] = info
	}
	d.queues, d.missing = known, missing
	if err != nil {
		return fmt.Errorf("reading members and assignment modes of the message queues: %w", err)
	}
	d.queuesAt = now
	return nil
}

// listedQueue is what is kept of a queue in the list.
type listedQueue struct {
	id   int64
	name string
}

// listQueue is what the list of the queues is read by.
func listQueue(row *queueRow) (string, listedQueue, error) {
	id := int64(row.ID)
	return strconv.FormatInt(id, 10), listedQueue{id, conversation.Label(string(row.Name))}, nil
}

var (
	// errQueueUntold is what the queues end with where the PBX lists one and then
	// does not tell who its members are.
	errQueueUntold = errors.New(pathQueueQuery + ": the PBX does not tell the members of a queue that it lists")
	// errMembers is what they end with where there are too many.
	errMembers = fmt.Errorf("%s: the queues have more than %d members, which no PBX has: check that url is a P-Series PBX", pathQueueQuery, mostMembers)
)

// query reads mode and members of the listed queues. How many ids one call takes
// is not documented, so those that are missing from the answer are asked for alone.
func (d *directory) query(ctx context.Context, listed []listedQueue) (map[int64]queueInfo, error) {
	ids := make([]int64, 0, len(listed))
	for _, one := range listed {
		ids = append(ids, one.id)
	}
	detailed := make(map[int64]queueInfo, len(ids))
	for batch := range slices.Chunk(ids, queryBatch) {
		if err := d.queryBatch(ctx, batch, detailed); err != nil {
			return detailed, err
		}
	}
	for _, id := range ids {
		if _, ok := detailed[id]; ok {
			continue
		}
		if err := d.queryBatch(ctx, []int64{id}, detailed); err != nil {
			return detailed, err
		}
		if _, ok := detailed[id]; !ok {
			return detailed, errQueueUntold
		}
	}
	return detailed, nil
}

// queryBatch asks for some queues and adds what is told of them.
func (d *directory) queryBatch(ctx context.Context, ids []int64, detailed map[int64]queueInfo) error {
	out, _, err := get[rows[queueRow]](ctx, d.source, pathQueueQuery, url.Values{"ids": {joinIDs(ids)}})
	if err != nil {
		return err
	}
	for _, row := range out.all() {
		switch id := int64(row.ID); {
		case !slices.Contains(ids, id):
			continue // Nobody asked for it.
		case row.Members == nil && d.source.opts.Viewers.QueueMembers:
			continue // Told without members, it counts as not told.
		}
		info := queueInfo{mode: mode(conversation.Label(string(row.AssignmentMode))), told: row.Members != nil}
		for _, m := range row.Members {
			switch {
			case m.Number == "":
			case extensionNumber(string(m.Number)):
				info.members = append(info.members, member{id: int64(m.ID), extension: int64(m.ExtensionID), number: string(m.Number)})
			default:
				return fmt.Errorf("%s: %w", pathQueueQuery, errExtension)
			}
		}
		detailed[int64(row.ID)] = info
	}
	members := 0
	for _, info := range detailed {
		members += len(info.members)
	}
	if members > mostMembers {
		return errMembers
	}
	return nil
}

// knowAll looks at the queues again where one of these ids is not among them,
// because a queue is younger than what is remembered. A failure leaves things
// as they are: the session then counts as one whose mode was assumed.
func (d *directory) knowAll(ctx context.Context, ids []int64) {
	if recent, failure := d.lastTry(); recent && failure != nil {
		return
	}
	for _, id := range ids {
		if _, ok := d.queue(id); !ok {
			_ = d.loadQueues(ctx, directoryFresh)
			return
		}
	}
}

// queue returns what is known of a queue.
func (d *directory) queue(id int64) (queueInfo, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	info, ok := d.queues[id]
	return info, ok
}

// queueOf puts a queue into conversation's words.
func queueOf(id int64, info queueInfo) conversation.Queue {
	return conversation.Queue{
		ID: id, Name: queueName(id, info), Mode: string(info.mode), AutoPickUp: info.mode == modeAuto, AgentsTold: info.told,
	}
}

// queueName is the name by which people know a queue, or its number.
func queueName(id int64, info queueInfo) string {
	if info.name == "" {
		return "(queue " + strconv.FormatInt(id, 10) + ")"
	}
	return info.name
}

// list returns the queues by ascending id.
func (d *directory) list() ([]conversation.Queue, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.missing {
		return nil, conversation.ErrUnsupported
	}
	queues := make([]conversation.Queue, 0, len(d.queues))
	for id, info := range d.queues {
		queues = append(queues, queueOf(id, info))
	}
	slices.SortFunc(queues, func(a, b conversation.Queue) int { return cmp.Compare(a.ID, b.ID) })
	return queues, nil
}

// members returns the numbers of all members of all queues.
func (d *directory) members() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var numbers []string
	for _, info := range d.queues {
		for _, m := range info.members {
			numbers = append(numbers, m.number)
		}
	}
	return numbers
}
