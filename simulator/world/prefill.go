package world

import (
	"fmt"
	"slices"
	"time"
)

// Prefill opens n sessions, spread evenly over the given virtual time, by which
// the world is then advanced; with 0 they are all opened now. Of twenty, two
// wait, one is in a queue without pick-up, three are with the API, one is put
// away and the others are assigned, as far as the team has such queues. They
// stay open; where the world is not still, each of them gets a message or an
// answer every hour or two.
func (w *World) Prefill(n int, over time.Duration) error {
	w.advancing.Lock()
	defer w.advancing.Unlock()
	const steps = 1000
	start, done := w.Now(), 0
	for step := 1; step <= steps; step++ {
		upTo := int(int64(n) * int64(step) / steps)
		if upTo > done {
			if err := w.fill(done, upTo); err != nil {
				return fmt.Errorf("prefill: %w", err)
			}
			done = upTo
		}
		if over > 0 {
			w.advance(start.Add(over / steps * time.Duration(step)))
		}
	}
	return nil
}

func (w *World) fill(from, to int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := from; i < to; i++ {
		s, err := w.fillOne(i)
		if err != nil {
			return err
		}
		if w.people != nil {
			w.people.murmurs(s)
		}
	}
	return nil
}

// fillOne opens the i-th session of a prefilling; nothing of it is chance.
func (w *World) fillOne(i int) (*session, error) {
	opening := w.fillMedium(i / 20)
	agent := w.agents[i%len(w.agents)].Number
	waiting, shared := w.queueOf(i/20, false), w.queueOf(i/20, true)
	kind := i % 20
	switch {
	case kind < 2 && waiting != nil:
		opening.QueueID = waiting.ID
	case kind == 2 && shared != nil:
		opening.QueueID = shared.ID
	case kind >= 3 && kind < 6:
		opening.API = true
	case kind >= 8 && waiting != nil:
		return w.fillPicked(opening, waiting, i)
	default:
		opening.Extension = agent
	}
	s, err := w.open(opening)
	if err != nil {
		return nil, err
	}
	if kind == 7 {
		return s, w.archive(s, Viewer(agent))
	}
	return s, nil
}

// fillMedium gives the media in turn, and of each its channels in turn.
func (w *World) fillMedium(n int) Opening {
	var media []Medium
	for _, c := range w.channels {
		if !slices.Contains(media, c.Medium) {
			media = append(media, c.Medium)
		}
	}
	medium := media[n%len(media)]
	fitting := w.carriers[medium]
	return Opening{Medium: medium, Channel: w.channels[fitting[n/len(media)%len(fitting)]].ID}
}

func (w *World) fillPicked(o Opening, q *Queue, i int) (*session, error) {
	o.QueueID = q.ID
	s, err := w.open(o)
	if err != nil {
		return nil, err
	}
	return s, w.pickUp(s, q.Members[i%len(q.Members)].ID)
}

// queueOf gives the n-th of the queues with members that have pick-up, or of
// those that have none.
func (w *World) queueOf(n int, shared bool) *Queue {
	var fitting []*Queue
	for _, q := range w.queues {
		if (q.Mode == ModeNone) == shared && len(q.Members) > 0 {
			fitting = append(fitting, q)
		}
	}
	if len(fitting) == 0 {
		return nil
	}
	return fitting[n%len(fitting)]
}
