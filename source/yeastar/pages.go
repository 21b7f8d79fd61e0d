package yeastar

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"conversation_exporter/conversation"
)

const (
	// directoryPage is how many queues, extensions or channels are asked for at once.
	directoryPage = 100
	// mostRows is how many of them there may be. A PBX has some thousand extensions
	// at the most; without a bound, one that never ends its list would fill our memory.
	mostRows = 20_000
)

var (
	// errPages is what a numbered list ends with whose pages do not make a whole.
	errPages = errors.New("the pages of the list do not add up to what the PBX announces")
	// errLong is what one ends with that is too long.
	errLong = fmt.Errorf("the list has more than %d rows, which no PBX has: check that url is a P-Series PBX", mostRows)
)

// paged gathers a list that is paged by number (vendor's pages "Query Message
// Queue List", "Query Extension List", "Query Message Channel List").
type paged[T, R any] struct {
	// take gives what is kept of a row, which must be small, and the key by which a
	// row that comes again counts once.
	take func(row *T) (key string, kept R, err error)
	seen map[string]bool
	all  []R
}

// add takes a page over, and reports whether it was the last one.
func (p *paged[T, R]) add(page *rows[T]) (last bool, err error) {
	if page.Errcode.n == codePartial {
		return false, fmt.Errorf("%w (errcode 1)", conversation.ErrPart)
	}
	if p.seen == nil {
		p.seen = make(map[string]bool)
	}
	got, before, total := page.all(), len(p.all), int64(page.Total)
	if total > mostRows {
		return false, errLong
	}
	for i := range got {
		key, kept, err := p.take(&got[i])
		switch {
		case err != nil:
			return false, err
		case p.seen[key]:
			continue
		case len(p.all) == mostRows:
			return false, errLong
		}
		p.seen[key] = true
		p.all = append(p.all, kept)
	}
	// The total is the better witness of the end: a PBX may send smaller pages than
	// it was asked for.
	switch {
	case total > 0 && int64(len(p.all)) >= total, total <= 0 && len(got) < directoryPage:
		return true, nil
	case len(p.all) == before:
		return false, errPages
	default:
		return false, nil
	}
}

// pages reads a list that is paged by number to its end, and keeps of each row
// what take gives.
func pages[T, R any](ctx context.Context, s *Source, path string, query url.Values, take func(*T) (string, R, error)) ([]R, error) {
	if err := s.absent(path); err != nil {
		return nil, err
	}
	list := paged[T, R]{take: take, all: []R{}}
	for page := 1; page <= s.opts.MaxPages; page++ {
		asked := pageOf(page)
		maps.Copy(asked, query)
		out, _, err := get[rows[T]](ctx, s, path, asked)
		if err != nil {
			s.noteAbsence(path, err)
			return nil, err
		}
		switch last, err := list.add(out); {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		case last:
			return list.all, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", path, errPages)
}

// pageOf is how a page of a numbered list is asked for.
func pageOf(page int) url.Values {
	return url.Values{"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(directoryPage)}}
}
