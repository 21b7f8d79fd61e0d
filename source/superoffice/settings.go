package superoffice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"conversation_exporter/conversation"
	"conversation_exporter/source/httpapi"
)

// The settings and the opening hours take a call each for every topic, and nothing
// waits for them. So they take a part of what there is, and the rest of them follows in
// the next passes.
const (
	// manyTopics is how many topics are asked for them: those with the lowest ids, as
	// many as have a label of their own.
	manyTopics = 256
	// factsAPass is how many calls a pass makes: as many as keep all of them young enough
	// at a pass a minute.
	factsAPass = 32
	// factTime is how long one call may take.
	factTime = 3 * time.Second
	// hoursKept is how old opening hours may be that are shown, limitsKept how old limits.
	hoursKept, limitsKept = 10 * time.Minute, time.Hour
)

// age is when something was told last and when it was asked for last, zero for never.
type age struct{ told, asked time.Time }

// due reports whether it is to be asked for again.
func (a age) due(now time.Time, life time.Duration) bool {
	return a.told.IsZero() || !now.Before(a.told.Add(life))
}

// over reports whether it was told too long ago to be shown.
func (a age) over(now time.Time, kept time.Duration) bool {
	return !a.told.IsZero() && !now.Before(a.told.Add(kept))
}

// share is how much of the time is over for which it is kept, since it was asked for.
func (a age) share(now time.Time, kept time.Duration) float64 {
	if a.asked.IsZero() {
		return math.Inf(1)
	}
	return now.Sub(a.asked).Seconds() / kept.Seconds()
}

// errFactsLeft is told while some topics were never asked for, or too long ago.
var errFactsLeft = fmt.Errorf("opening hours and limits of the topics: not all could be asked for yet, the next passes go on: %w", conversation.ErrLeftOut)

// loadSettings reads the opening hours and the limits of the topics that are due, those
// first whose turn is the longest ago. It leaves others half of the requests under way,
// and half of the time. left is told where some had no turn yet.
func (d *directory) loadSettings(ctx context.Context) (fault, left error) {
	half, cancel := halve(ctx)
	defer cancel()
	hours, limits := d.due()
	first := d.askAll(ctx, half, hours, d.askOpen)
	second := d.askAll(ctx, half, limits, d.askSettings)
	if err := errors.Join(first, second); err != nil {
		fault = fmt.Errorf("reading opening hours and limits of the topics: %w", err)
	}
	if d.waiting() {
		left = errFactsLeft
	}
	return fault, left
}

// askAll asks one thing of some topics, until a call has no answer in time.
func (d *directory) askAll(ctx, half context.Context, ids []int64, ask func(context.Context, int64) error) error {
	err := d.source.each(ctx, errand{n: len(ids), atOnce: max(d.source.opts.Concurrency/2, 1), do: func(ctx context.Context, i int) error {
		if half.Err() != nil {
			return errFactsLeft
		}
		call, cancel := context.WithTimeout(ctx, factTime)
		defer cancel()
		err := ask(call, ids[i])
		if call.Err() != nil && ctx.Err() == nil && !wasAsked(err) {
			return errFactsLeft // It did not have its turn.
		}
		return err
	}})
	if errors.Is(err, conversation.ErrLeftOut) {
		return nil
	}
	return err
}

// wasAsked reports whether a call may have reached the system.
func wasAsked(err error) bool {
	var transport *httpapi.Error
	return err == nil || errors.As(err, &transport) && transport.Sent
}

// due returns the topics of which something is to be asked for in this pass.
func (d *directory) due() (hours, limits []int64) {
	type turn struct {
		to    *[]int64
		id    int64
		share float64
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.source.opts.Clock.Now()
	var turns []turn
	for _, id := range d.asked() {
		info := d.topics[id]
		if info.opened.due(now, presenceLife) {
			turns = append(turns, turn{&hours, id, info.opened.share(now, hoursKept)})
		}
		if info.settled.due(now, directoryLife) {
			turns = append(turns, turn{&limits, id, info.settled.share(now, limitsKept)})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(b.share, a.share) })
	for _, t := range turns[:min(len(turns), factsAPass)] {
		*t.to = append(*t.to, t.id)
	}
	return hours, limits
}

// asked are the topics that are asked for more than their names. d.mu is held.
func (d *directory) asked() []int64 {
	ids := slices.Sorted(maps.Keys(d.topics))
	return ids[:min(len(ids), manyTopics)]
}

// waiting reports whether something was never asked for, or told too long ago.
func (d *directory) waiting() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.source.opts.Clock.Now()
	return slices.ContainsFunc(d.asked(), func(id int64) bool {
		opened, settled := d.topics[id].opened, d.topics[id].settled
		return opened.asked.IsZero() || opened.over(now, hoursKept) || settled.asked.IsZero() || settled.over(now, limitsKept)
	})
}

// askOpen asks whether a topic is within its opening hours now. Where that fails, what
// was told before is too old.
func (d *directory) askOpen(ctx context.Context, id int64) error {
	var out scalar
	at, err := d.source.get(ctx, openAsked(id, &out), &out)
	open := conversation.OpeningUntold
	switch yes, _ := out.flag(); {
	case !wasAsked(err):
		return err
	case err != nil:
		at = time.Time{}
	case yes:
		open = conversation.OpeningOpen
	default:
		open = conversation.OpeningClosed
	}
	d.update(id, func(t *topic) { t.open, t.opened = open, age{at, d.source.opts.Clock.Now()} })
	if refusedWith(err, 404) {
		return nil // The topic has been deleted since.
	}
	return err
}

// askSettings asks for the limits of a topic, which are minutes; 0 is off.
func (d *directory) askSettings(ctx context.Context, id int64) error {
	var out *topicEntity
	at, err := d.source.get(ctx, topicAsked(id, &out), &out)
	if wasAsked(err) {
		d.update(id, func(t *topic) { t.settled.asked = d.source.opts.Clock.Now() })
	}
	switch {
	case refusedWith(err, 404), err == nil && out == nil:
		return nil // The topic has been deleted since.
	case err != nil:
		return err
	}
	d.update(id, func(t *topic) {
		t.settled.told = at
		t.limits = conversation.Limits{
			NewSessionAgent: minutes(out.NewSessionAgent), NewSessionManager: minutes(out.NewSessionManager),
			NewMessageAgent: minutes(out.NewMessageAgent), NewMessageManager: minutes(out.NewMessageManager),
		}
	})
	return nil
}

// minutes reads a limit; one of more than a year is none.
func minutes(s scalar) time.Duration {
	if n := s.id(); n <= 366*24*60 {
		return time.Duration(n) * time.Minute
	}
	return 0
}

func (d *directory) update(id int64, change func(*topic)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if info, ok := d.topics[id]; ok {
		change(&info)
		d.topics[id] = info
	}
}
