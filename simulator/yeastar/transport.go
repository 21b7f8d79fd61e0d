package yeastar

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	typeJSON = "application/json"
	typeText = "text/plain; charset=utf-8"
	typeHTML = "text/html; charset=utf-8"
)

// response is what goes over the wire: the only form in which answers, good and
// bad, leave the server.
type response struct {
	status int
	kind   string // content type
	body   []byte
	extra  http.Header
}

// header gives all headers but the length. The clock is the world's, unless the
// switch says that the PBX's goes wrong.
func (c *call) header(r response) http.Header {
	h := http.Header{}
	if r.extra != nil {
		h = r.extra.Clone()
	}
	h.Set("Content-Type", r.kind)
	h.Set("Date", c.clock().Add(c.switches.DateSkew).UTC().Format(http.TimeFormat))
	if c.switches.CloseConnections {
		h.Set("Connection", "close")
	}
	return h
}

// send sends a response whole. A client that has gone is none of our business.
func (c *call) send(w http.ResponseWriter, r response) {
	if c.switches.KeepAlive == DropIdle {
		conn := c.head(w, r)
		_, _ = conn.Write(r.body)
		_ = conn.Close()
		return
	}
	c.begin(w, r)
	_, _ = w.Write(r.body)
}

// begin sends status and headers the usual way.
func (c *call) begin(w http.ResponseWriter, r response) {
	for name, values := range c.header(r) {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
}

// head takes the connection and writes status and headers to it, which promise
// the whole body.
func (c *call) head(w http.ResponseWriter, r response) net.Conn {
	conn := take(w)
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	h := c.header(r)
	h.Set("Content-Length", strconv.Itoa(len(r.body)))
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	_, _ = conn.Write(b.Bytes())
	return conn
}

// take takes a connection out of the server's hands. Where that is impossible
// (HTTP/2), the answer is broken off, which is the nearest to it.
func take(w http.ResponseWriter) net.Conn {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return conn
}

// reset ends a connection by RST: without lingering, whatever was not sent is
// thrown away.
func reset(conn net.Conn) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if plain, ok := conn.(*net.TCPConn); ok {
		_ = plain.SetLinger(0)
	}
	_ = conn.Close()
}

// obstruct answers in place of the PBX.
func (c *call) obstruct(w http.ResponseWriter, f Fault) {
	r := response{status: f.status(http.StatusOK), kind: typeJSON}
	switch f.Kind {
	case Hang:
		<-c.Context().Done()
		return
	case Reset:
		reset(take(w))
		return
	case HTML:
		r.kind = typeHTML
		r.body = []byte("<!DOCTYPE html>\n<html><head><title>" + http.StatusText(r.status) +
			"</title></head><body><h1>This is not the API</h1></body></html>\n")
	case EmptyObject:
		r.body = []byte("{}")
	case Garbage:
		r.body = []byte("\x15\x03\x01\x00\x02\x02\x46\xff\xfe not JSON \x00\x01")
	case Throttle, ThrottleUntil:
		r = c.throttle(f)
	case Redirect:
		r = response{status: f.status(http.StatusFound), kind: typeText, extra: http.Header{"Location": {f.Location}}}
	case Plain:
		r = response{status: f.status(http.StatusInternalServerError), kind: typeText, body: []byte("this went wrong\n")}
	default: // Empty has no body, and no other kind comes here.
	}
	c.send(w, r)
}

// throttle asks the client to come back later, in one of the two forms of
// Retry-After. Both are whole seconds, and never less than what is meant.
func (c *call) throttle(f Fault) response {
	seconds := int(math.Ceil(f.Wait.Seconds()))
	after := strconv.Itoa(seconds)
	if f.Kind == ThrottleUntil {
		after = c.clock().Add(time.Duration(seconds)*time.Second + time.Second - 1).UTC().Format(http.TimeFormat)
	}
	return response{
		status: f.status(http.StatusTooManyRequests), kind: typeText,
		body: []byte("too many requests\n"), extra: http.Header{"Retry-After": {after}},
	}
}

// spoil sends an answer that does not arrive as it was meant.
func (c *call) spoil(ctx context.Context, w http.ResponseWriter, f Fault, body []byte) {
	r := response{status: http.StatusOK, kind: typeJSON, body: body}
	switch f.Kind {
	case Lost:
		reset(take(w))
	case ResetMidway:
		conn := c.head(w, r)
		_, _ = conn.Write(body[:len(body)/2])
		reset(conn)
	case CloseAfterHeaders:
		_ = c.head(w, r).Close()
	case Truncated:
		r.body = body[:len(body)/2]
		c.send(w, r)
	case Huge:
		c.flood(w, f, r)
	case Drip:
		c.drip(ctx, w, f, r)
	default:
		r.body = disfigure(body, f.Kind)
		if c.shown != nil && c.legible(f.Kind, body) {
			c.shown()
		}
		c.send(w, r)
	}
}

// legible tells whether a page of one session's records can be read although it is
// disfigured: one session in a list of one is told as message/query does, and where
// there is no record, none is wrong.
func (c *call) legible(kind Kind, body []byte) bool {
	empty := bytes.Contains(body, []byte(`"records":[]`)) || bytes.Contains(body, []byte(`"records":null`))
	return c.endpoint == "message/get" && (kind == WrongShapes || empty)
}

// flood sends the padding in chunks, until it is all sent or the client leaves.
// A client that reads it all finds a good answer behind it.
func (c *call) flood(w http.ResponseWriter, f Fault, r response) {
	size := f.Size
	if size <= 0 {
		size = 40 << 20
	}
	c.begin(w, r)
	if _, err := w.Write([]byte(`{"padding":"`)); err != nil {
		return
	}
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for size > 0 {
		n, err := w.Write(chunk[:min(size, int64(len(chunk)))])
		if err != nil {
			return
		}
		size -= int64(n)
	}
	_, _ = w.Write(append([]byte(`",`), r.body[1:]...))
}

// drip sends a body slowly.
func (c *call) drip(ctx context.Context, w http.ResponseWriter, f Fault, r response) {
	w.Header().Set("Content-Length", strconv.Itoa(len(r.body)))
	c.begin(w, r)
	flush := http.NewResponseController(w)
	for i := range r.body {
		if i == len(r.body)-1 && c.shown != nil {
			c.shown() // it arrived after all
		}
		if _, err := w.Write(r.body[i : i+1]); err != nil || flush.Flush() != nil || !pause(ctx, f.Wait) {
			return
		}
	}
}

// dropped plays a PBX that closed an idle connection at the moment in which the
// client uses it again: the second request over a connection is not answered.
func (s *Server) dropped(w http.ResponseWriter, c *call) bool {
	s.mu.Lock()
	if c.switches.KeepAlive != DropNext {
		s.served = nil
		s.mu.Unlock()
		return false
	}
	if s.served == nil {
		s.served = make(map[string]bool)
	}
	again := s.served[c.RemoteAddr]
	if again {
		delete(s.served, c.RemoteAddr)
	} else {
		s.served[c.RemoteAddr] = true
	}
	s.mu.Unlock()
	if again {
		_ = take(w).Close()
	}
	return again
}

// pause waits for real time; false means that the client has gone.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
