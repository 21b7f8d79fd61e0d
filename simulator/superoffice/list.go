package superoffice

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"conversation_exporter/simulator/world"
)

// defaultTop is how many rows a page has where nobody says it. The vendor does
// not tell.
const defaultTop = 1000

// provider is what a list is made of.
type provider struct {
	entity   string
	find     finder
	rows     func(*call, func(*row) bool) []row
	key      func(*row) int64
	defaults []string
	dynamic  bool
}

// listSessions answers the archive of chats.
func (s *Server) listSessions(c *call) reply {
	if c.switches.UnfilteredRefused && c.query.Get("$filter") == "" {
		return invalid("A filter is needed")
	}
	return s.list(c, provider{
		entity: "chat", find: findSession(&c.switches), rows: s.chatRows, defaults: defaultColumns(),
		key: func(r *row) int64 { return r.chat.ID },
	})
}

// order is one part of $orderBy.
type order struct {
	column
	descending bool
}

// shown is a column of the answer.
type shown struct {
	name string
	column
	known bool
}

// query is what a list is asked for.
type query struct {
	columns   []shown
	filter    condition
	order     []order
	top, skip int
	full      bool
	// logical writes the ids of lists, and no labels.
	logical bool
}

// list answers one page of a list.
func (s *Server) list(c *call, p provider) reply {
	v := s.view(c)
	q, problem := readQuery(c, p, v)
	if problem != "" {
		return invalid(problem)
	}
	if _, ignored := s.fault(c, FilterIgnored); ignored {
		q.filter = func(*view, *row) bool { return true }
	}
	rows := p.rows(c, func(r *row) bool { return q.filter(v, r) })
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, o := range q.order {
			n := compare(o.value(v, &a).raw, o.value(v, &b).raw)
			if o.descending {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	from := min(q.skip, len(rows))
	to := min(from+q.top, len(rows))
	more := to < len(rows)
	rows = rows[from:to]
	rows, more = s.disturb(c, p, q, rows, more)
	values := make([]any, 0, len(rows))
	for i := range rows {
		values = append(values, v.row(p, q, &rows[i]))
	}
	body := map[string]any{
		"odata.metadata": "https://" + c.host + ":443" + c.base + "/api/v1/Archive//$metadata", "value": values,
	}
	switch link := c.switches.NextLink; {
	case link == NextAbsent:
	case link == NextURL && more:
		body["odata.nextLink"] = "http://canary-internal-host:8080" + c.base + "/api/v1/" + c.endpoint + "?$skip=" + strconv.Itoa(to) + "&$top=" + strconv.Itoa(q.top)
	default:
		body["odata.nextLink"] = nil
	}
	return s.witnessed(ok(body, ""), c.witness(v, p, q, rows))
}

// firstInvented is below the ids of rows that do not exist.
const firstInvented = 1_000_000

// disturb lets faults change a page.
func (s *Server) disturb(c *call, p provider, q query, rows []row, more bool) ([]row, bool) {
	if _, twice := s.fault(c, DuplicateRows); twice {
		doubled := make([]row, 0, 2*len(rows))
		for _, r := range rows {
			doubled = append(doubled, r, r)
		}
		rows = doubled
	}
	if p.entity != "chat" && p.entity != "chat_session" {
		return rows, more
	}
	if _, endless := s.fault(c, EndlessRows); endless {
		for len(rows) < q.top {
			s.mu.Lock()
			s.invented++
			id := firstInvented + s.invented
			s.mu.Unlock()
			rows = append(rows, row{chat: &world.Chat{ID: id, Status: world.ChatWaiting, Requested: s.world.Now()}})
		}
		more = true
	}
	return rows, more
}

// readQuery reads the parameters of a list, and tells what is wrong with them.
func readQuery(c *call, p provider, v *view) (q query, problem string) {
	names := p.defaults
	if text := c.query.Get("$select"); text != "" {
		names = strings.Split(text, ",")
	}
	for _, name := range names {
		name, column, known := p.find(strings.TrimSpace(name))
		if !known && c.switches.UnknownColumns == ColumnsRefused && c.query.Get("$select") != "" {
			return q, "The column " + name + " is not known"
		}
		if known || c.switches.UnknownColumns == ColumnsEmpty {
			q.columns = append(q.columns, shown{name, column, known})
		}
	}
	filter := parser{find: p.find, view: v, noOneOf: p.dynamic && c.switches.DynamicEquals}
	var err error
	if q.filter, err = filter.parse(c.query.Get("$filter")); err != nil {
		return q, "The filter cannot be read: " + err.Error()
	}
	for _, part := range strings.Split(c.query.Get("$orderby"), ",") {
		fields := strings.Fields(part)
		if len(fields) == 0 {
			continue
		}
		name, column, known := p.find(fields[0])
		if !known || name == "duration" {
			return q, "Nothing can be sorted by " + name
		}
		q.order = append(q.order, order{column, len(fields) > 1 && strings.EqualFold(fields[1], "desc")})
	}
	mode := strings.ToLower(c.query.Get("$mode"))
	if mode != "" && mode != "slim" && mode != "wide" && mode != "full" {
		return q, "The mode " + mode + " is not known"
	}
	q.full = mode == "full"
	q.logical = strings.EqualFold(c.query.Get("$output"), "logical") || c.switches.LogicalLists
	if strings.EqualFold(c.query.Get("$jsonsafe"), "true") {
		for i := range q.columns {
			q.columns[i].name = strings.NewReplacer("/", "_", ".", "_", ":", "_").Replace(q.columns[i].name)
		}
	}
	return q, q.page(c)
}

// page reads how many rows are asked for, and from where on.
func (q *query) page(c *call) (problem string) {
	q.top = c.switches.TopDefault
	if q.top == 0 {
		q.top = defaultTop
	}
	for name, field := range map[string]*int{"$top": &q.top, "$skip": &q.skip} {
		text := c.query.Get(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return name + " is not a number"
		}
		*field = n
	}
	if limit := c.switches.TopLimit; limit > 0 {
		q.top = min(q.top, limit)
	}
	return ""
}

// fullRow is a row of the mode Full.
type fullRow struct {
	PrimaryKey          int64
	EntityName          string
	StyleHint, LinkHint string
	TableRight          right
	Column              map[string]full
}

// right is what one may do with a row.
type right struct {
	Mask   int
	Reason string
}

// row writes one row.
func (v *view) row(p provider, q query, r *row) any {
	key := p.key(r)
	if q.full {
		out := fullRow{PrimaryKey: key, EntityName: p.entity, TableRight: right{Mask: 1}, Column: make(map[string]full)}
		for _, c := range q.columns {
			out.Column[c.name] = full{}
			if c.known {
				k, value := v.shaped(p, c.kind, c.value(v, r))
				out.Column[c.name] = v.full(k, value)
			}
		}
		return out
	}
	out := map[string]any{"PrimaryKey": strconv.FormatInt(key, 10), "EntityName": p.entity}
	if v.switches.NumericKeys {
		out["PrimaryKey"] = key
	}
	for _, c := range q.columns {
		out[c.name] = ""
		if c.known {
			k, value := v.shaped(p, c.kind, c.value(v, r))
			if q.logical && k == kindList {
				k = kindNumber
			}
			out[c.name] = v.slim(k, value)
		}
	}
	return out
}

// shaped gives a cell as its provider has it: the dynamic one knows the database
// alone, and there lists are numbers.
func (v *view) shaped(p provider, k kind, c cell) (kind, cell) {
	if !p.dynamic {
		return k, c
	}
	on, isBool := c.raw.(bool)
	switch {
	case isBool && v.switches.DynamicNumbers && on:
		return kindNumber, number(1)
	case isBool && v.switches.DynamicNumbers:
		return kindNumber, number(0)
	case k == kindList && !v.switches.DynamicLabels:
		return kindNumber, cell{raw: c.raw, display: fmt.Sprint(c.raw)}
	default:
		return k, c
	}
}
