package yeastar

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"conversation_exporter/conversation"
)

const (
	// directoryLife is how long queues, members and extensions are taken as told.
	directoryLife = 10 * time.Minute
	// directoryFresh is how old the queues may be before a queue that they do
	// not name makes us look again.
	directoryFresh = 50 * time.Second
	// directoryPage is how many queues or extensions are asked for at once.
	directoryPage = 100
	// queryBatch is how many queues are queried at once; the vendor documents no
	// limit, and a PBX has at most 128.
	queryBatch = 32
)

// mode is how a queue's sessions come to an agent (vendor's page "Query
// Information of Multiple Message Queues").
type mode string

// The mode in which a session is never picked up.
const modeNone mode = "none"

// queueInfo is what is known of one message queue.
type queueInfo struct {
	name string
	// mode is empty where it was never told.
	mode    mode
	members []string
}

// directory remembers what changes seldom: queues with their members, and
// extensions. Failures are not remembered, what was known before stays.
type directory struct {
	source *Source

	mu       sync.Mutex
	queues   map[int64]queueInfo
	queuesAt time.Time
	// triedAt is when the queues were last asked for, failure what came of it.
	triedAt      time.Time
	failure      error
	extensions   []string
	extensionsAt time.Time
}

// loadQueues reads the queues unless they are younger than life.
func (d *directory) loadQueues(ctx context.Context, life time.Duration) error {
	d.mu.Lock()
	now := d.source.opts.Clock.Now()
	fresh := !d.queuesAt.IsZero() && now.Before(d.queuesAt.Add(life))
	d.mu.Unlock()
	if fresh {
		return nil
	}
	err := d.askQueues(ctx, now)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.triedAt, d.failure = now, err
	return err
}

// lastTry tells how the last try to read the queues went, if it was a moment ago.
func (d *directory) lastTry() (recent bool, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return !d.triedAt.IsZero() && d.source.opts.Clock.Now().Before(d.triedAt.Add(directoryFresh)), d.failure
}

// askQueues reads the queues and remembers what it could read.
func (d *directory) askQueues(ctx context.Context, now time.Time) error {
	listed, err := pages[queueRow](ctx, d.source, pathQueueList)
	if errors.Is(err, conversation.ErrUnsupported) {
		// A PBX without message queues has no members to ask for.
		listed, err = nil, nil
	}
	if err != nil {
		return fmt.Errorf("listing the message queues: %w", err)
	}
	detailed, err := d.query(ctx, listed)
	d.mu.Lock()
	defer d.mu.Unlock()
	known := make(map[int64]queueInfo, len(listed))
	for _, row := range listed {
		info := d.queues[int64(row.ID)]
		info.name = conversation.Label(string(row.Name))
		if more, ok := detailed[int64(row.ID)]; ok {
			info.mode, info.members = more.mode, more.members
		}
		known[int64(row.ID)] = info
	}
	d.queues = known
	if err != nil {
		return fmt.Errorf("reading members and assignment modes of the message queues: %w", err)
	}
	d.queuesAt = now
	return nil
}

// query reads mode and members of the listed queues.
func (d *directory) query(ctx context.Context, listed []queueRow) (map[int64]queueInfo, error) {
	ids := make([]int64, 0, len(listed))
	for _, row := range listed {
		ids = append(ids, int64(row.ID))
	}
	detailed := make(map[int64]queueInfo, len(ids))
	for batch := range slices.Chunk(ids, queryBatch) {
		out, _, err := get[rows[queueRow]](ctx, d.source, pathQueueQuery, url.Values{"ids": {joinIDs(batch)}})
		if err != nil {
			return detailed, err
		}
		for _, row := range out.all() {
			info := queueInfo{mode: mode(row.AssignmentMode)}
			for _, m := range row.Members {
				if m.Number != "" {
					info.members = append(info.members, string(m.Number))
				}
			}
			detailed[int64(row.ID)] = info
		}
	}
	return detailed, nil
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

// queueName is the name by which people know a queue, or its number.
func queueName(id int64, info queueInfo) string {
	if info.name == "" {
		return "(queue " + strconv.FormatInt(id, 10) + ")"
	}
	return info.name
}

// list returns the queues by ascending id.
func (d *directory) list() []conversation.Queue {
	d.mu.Lock()
	defer d.mu.Unlock()
	queues := make([]conversation.Queue, 0, len(d.queues))
	for id, info := range d.queues {
		queues = append(queues, conversation.Queue{ID: id, Name: queueName(id, info)})
	}
	slices.SortFunc(queues, func(a, b conversation.Queue) int { return int(a.ID - b.ID) })
	return queues
}

// members returns the numbers of all members of all queues.
func (d *directory) members() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var numbers []string
	for _, info := range d.queues {
		numbers = append(numbers, info.members...)
	}
	return numbers
}

// allExtensions returns the number of every extension. Beside an error it
// returns those that were known before.
func (d *directory) allExtensions(ctx context.Context) ([]string, error) {
	d.mu.Lock()
	now := d.source.opts.Clock.Now()
	known, fresh := d.extensions, !d.extensionsAt.IsZero() && now.Before(d.extensionsAt.Add(directoryLife))
	d.mu.Unlock()
	if fresh {
		return known, nil
	}
	listed, err := pages[extensionRow](ctx, d.source, pathExtensions)
	if err != nil {
		return known, fmt.Errorf("listing the extensions: %w", err)
	}
	numbers := make([]string, 0, len(listed))
	for _, row := range listed {
		if row.Number != "" {
			numbers = append(numbers, string(row.Number))
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.extensions, d.extensionsAt = numbers, now
	return numbers, nil
}

// errEndlessPages is what a numbered list ends with that never comes to its end.
var errEndlessPages = errors.New("the list does not end")

// pages reads a list that is paged by number to its end (vendor's pages "Query
// Message Queue List", "Query Extension List").
func pages[T any](ctx context.Context, s *Source, path string) ([]T, error) {
	var all []T
	for page := 1; page <= s.opts.MaxPages; page++ {
		out, _, err := get[rows[T]](ctx, s, path, url.Values{
			"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(directoryPage)},
		})
		if err != nil {
			return nil, err
		}
		got := out.all()
		all = append(all, got...)
		// The total is the better witness of the end: a PBX may send smaller
		// pages than it was asked for.
		if total := int(out.Total); len(got) == 0 || len(all) >= total && total > 0 || total == 0 && len(got) < directoryPage {
			return all, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", path, errEndlessPages)
}
