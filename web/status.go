package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // The page's template and style are part of the binary.
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"conversation_exporter/collector"
)

//go:embed status.html
var pageTemplate string

//go:embed status.css
var pageStyle string

const (
	// refreshEvery is how often the page loads itself again, in seconds, unless the
	// parameter refresh says otherwise; leastRefresh and mostRefresh bound that.
	refreshEvery = 10
	leastRefresh = 5
	mostRefresh  = 3600
	// refreshOff is the value of the parameter that switches it off.
	refreshOff = "off"
	// inFull is how many targets are shown in full on one page. Where there are more,
	// there is a line for each, and each has a page of its own.
	inFull = 5
)

// paramRefresh is the parameter of the page beside paramTarget.
const paramRefresh = "refresh"

// page is the status page. It shows the last passes of each target and never
// starts one.
type page struct {
	opts     Options
	template *template.Template
	policy   string
	// prefix stands before every link: the path by which others reach the root, such
	// as "/conversations" behind a proxy that takes it off.
	prefix string
}

// newPage makes the page; external may be nil.
func newPage(opts Options, external *url.URL) (*page, error) {
	t, err := template.New("status").Parse(pageTemplate)
	if err != nil {
		return nil, fmt.Errorf("preparing the status page: %w", err)
	}
	sum := sha256.Sum256([]byte(pageStyle))
	prefix := ""
	if external != nil {
		prefix = strings.TrimSuffix(external.EscapedPath(), "/")
	}
	return &page{
		opts: opts, template: t, prefix: prefix,
		// Nothing but the page's own style may be loaded or run.
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}, nil
}

// ServeHTTP implements http.Handler.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		say(w, http.StatusBadRequest, "The parameters are not written as a URL has them; there are "+paramTarget+" and "+paramRefresh+".")
		return
	}
	refresh, err := refreshOf(query)
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+".")
		return
	}
	all := p.opts.Collector.Status()
	d := pageData{
		Style:   template.CSS(pageStyle), //nolint:gosec // It is a file of ours, not input.
		Version: p.opts.Version, Home: p.prefix + "/", Metrics: p.prefix + p.opts.TelemetryPath, Refresh: refresh,
	}
	if query.Has(paramTarget) {
		d.Alone = query.Get(paramTarget)
		shown := slices.DeleteFunc(slices.Clone(all), func(s collector.Status) bool { return s.Target != d.Alone })
		if len(shown) == 0 {
			// The name is not repeated: it may be anything.
			say(w, http.StatusNotFound, "There is no such target; "+known(p.opts.Collector.Names())+".")
			return
		}
		all = shown
	}
	d.Switch = p.link(d.Alone, refresh == 0)
	d.note(p.opts.Configuration.Last(), p.opts.Now())
	p.fill(&d, all)
	p.write(w, d)
}

func (p *page) write(w http.ResponseWriter, d pageData) {
	var body bytes.Buffer
	if err := p.template.Execute(&body, d); err != nil {
		say(w, http.StatusInternalServerError, "The status page could not be made.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", p.policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body.Bytes())
}

// refreshOf is how often the page is to load itself again, in seconds; 0 means
// never.
func refreshOf(query url.Values) (int, error) {
	if !query.Has(paramRefresh) {
		return refreshEvery, nil
	}
	value := query.Get(paramRefresh)
	if value == refreshOff {
		return 0, nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < leastRefresh || n > mostRefresh {
		return 0, errors.New(paramRefresh + " is a number of seconds from " + strconv.Itoa(leastRefresh) + " to " + strconv.Itoa(mostRefresh) + ", or " + refreshOff)
	}
	return n, nil
}

// link is the address of the page of one target, or of all of them for "".
func (p *page) link(target string, refresh bool) string {
	query := make(url.Values)
	if target != "" {
		query.Set(paramTarget, target)
	}
	if !refresh {
		query.Set(paramRefresh, refreshOff)
	}
	if len(query) == 0 {
		return p.prefix + "/"
	}
	return p.prefix + "/?" + query.Encode()
}

// pageData is what the template shows.
type pageData struct {
	Style   template.CSS
	Version string
	// Home and Metrics are links, Switch is the one that switches the refreshing off
	// or on, which comes every so many seconds; 0 means never.
	Home, Metrics, Switch string
	Refresh               int
	// Alone is the name of the only target that is asked for; empty for all.
	Alone string
	// ReadAt is when the configuration was read that is in use; Failed is a reload
	// that failed since then, Doubts what it may not mean: nil for none.
	ReadAt instantData
	Failed *failedData
	Doubts *doubtsData
	// Summary says how the targets fare, where there are several.
	Summary string
	// Lines are there where the targets are too many to show each in full.
	Lines   []lineData
	Targets []targetData
}

// lineData is one target among many.
type lineData struct {
	targetData
	// Link is the page of the target.
	Link string
	// Why is the first of what went wrong.
	Why string
	// PickUp, Answer and Closing tell of the customers to look at first.
	PickUp, Answer, Closing string
}

// fill puts the targets on the page: each in full, or a line for each, those in
// trouble first.
func (p *page) fill(d *pageData, all []collector.Status) {
	now := p.opts.Now()
	moods := make(map[string]int)
	for _, s := range all {
		t := p.targetOf(s, now)
		moods[t.Mood]++
		if len(all) > inFull {
			d.Lines = append(d.Lines, p.lineOf(t, d.Refresh != 0))
		} else {
			d.Targets = append(d.Targets, t)
		}
	}
	slices.SortStableFunc(d.Lines, func(a, b lineData) int { return trouble(a.Mood) - trouble(b.Mood) })
	if len(all) > 1 {
		d.Summary = fmt.Sprintf("%d targets: %d ok, %d partial, %d failed, %d not read", len(all), moods[moodOK], moods[moodPartial], moods[moodFailed], moods[moodUnread])
	}
}

// lineOf makes the line of a target.
func (p *page) lineOf(t targetData, refresh bool) lineData {
	l := lineData{targetData: t, Link: p.link(t.Target, refresh)}
	const longest = 300
	if len(t.Problems) > 0 {
		if l.Why = t.Problems[0]; len(l.Why) > longest {
			l.Why = strings.ToValidUTF8(l.Why[:longest], "") + " …"
		}
	}
	l.PickUp, l.Answer, l.Closing = t.brief(t.PickUp), t.brief(longer(t.Assigned, t.Shared)), t.brief(t.Closing)
	return l
}
