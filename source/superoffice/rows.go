package superoffice

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
)

// rowsOf decodes a list row by row, until take wants no more: a few bytes of a row may
// become hundreds of ours, so not all that a server sends is kept. null has no rows.
func rowsOf[T any](raw []byte, take func(*T) bool) error {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || raw[0] != '[' {
		return json.Unmarshal(raw, &[]T{}) // It says what is wrong.
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, err := d.Token()
	for err == nil && d.More() {
		var row T
		if err = d.Decode(&row); err == nil && !take(&row) {
			return nil
		}
	}
	return err
}

// listAnswer is what a list answers.
type listAnswer struct {
	// most is how many rows are taken, 0 for all.
	most int
	Rows []listRow
	// whole is false where the answer is no list at all, long is true where it has more
	// rows than are taken.
	whole, long bool
	// more is true where the server names a next page.
	more bool
}

// mostOf is how many rows of a page are taken. A server that does not keep to the size
// that was asked for may send some more, but not anything.
func mostOf(top int) int { return 2*top + 1000 }

// Forget keeps the bound where a call is repeated.
func (a *listAnswer) Forget() { *a = listAnswer{most: a.most} }

// UnmarshalJSON implements json.Unmarshaler.
func (a *listAnswer) UnmarshalJSON(raw []byte) error {
	a.Forget()
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '[' {
		return a.take(raw)
	}
	var out struct {
		Value    raws   `json:"value"`
		NextLink scalar `json:"odata.nextLink"`
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return err
	}
	a.more = out.NextLink.told
	if out.Value == nil || string(out.Value) == "null" {
		return nil
	}
	return a.take(out.Value)
}

// take keeps the rows of a list.
func (a *listAnswer) take(raw []byte) error {
	a.whole = true
	return rowsOf(raw, func(row *listRow) bool {
		if a.most > 0 && len(a.Rows) >= a.most {
			a.long = true
			return false
		}
		a.Rows = append(a.Rows, *row)
		return true
	})
}

// raws is a value as it was sent. It is not copied: it may be large.
type raws []byte

// UnmarshalJSON implements json.Unmarshaler.
func (r *raws) UnmarshalJSON(raw []byte) error {
	*r = raw
	return nil
}

// messageRows are the messages of one session, as many as may be wanted: those with the
// highest ids.
type messageRows struct {
	// session is whose they are, after the last that is known already.
	session, after int64
	// keep is how many are kept.
	keep int
	rows []messageRow
	// left counts those above after that were not kept.
	left int
}

// Forget keeps what is wanted where a call is repeated.
func (m *messageRows) Forget() { m.rows, m.left = nil, 0 }

// UnmarshalJSON implements json.Unmarshaler. A message without an id is the last that is
// taken: of such an answer nothing can be made.
func (m *messageRows) UnmarshalJSON(raw []byte) error {
	m.Forget()
	return rowsOf(raw, func(row *messageRow) bool {
		if of := row.SessionID.id(); of != 0 && of != m.session {
			return true
		}
		m.rows = append(m.rows, *row)
		if len(m.rows) >= 2*m.keep {
			m.shed()
		}
		return row.ID.id() != 0
	})
}

// shed leaves out all rows but those with the highest ids.
func (m *messageRows) shed() {
	slices.SortStableFunc(m.rows, func(a, b messageRow) int { return cmp.Compare(a.ID.id(), b.ID.id()) })
	m.rows = slices.CompactFunc(m.rows, func(a, b messageRow) bool { return a.ID.id() == b.ID.id() })
	over := len(m.rows) - m.keep
	if over <= 0 {
		return
	}
	for _, row := range m.rows[:over] {
		if row.ID.id() > m.after {
			m.left++
		}
	}
	m.rows = slices.Delete(m.rows, 0, over)
}
