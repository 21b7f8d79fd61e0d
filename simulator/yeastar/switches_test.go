package yeastar

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"conversation_exporter/simulator/world"
)

// conversation speaks HTTP over one connection.
type conversation struct {
	t    *testing.T
	conn net.Conn
	from *bufio.Reader
}

func (p *pbx) dial() *conversation {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.http.URL, "http://"))
	p.must(err)
	p.t.Cleanup(func() { _ = conn.Close() })
	return &conversation{t: p.t, conn: conn, from: bufio.NewReader(conn)}
}

// ask sends a request and gives the answer, or what came instead.
func (c *conversation) ask(path string) (*http.Response, error) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c.conn, "GET %s HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n\r\n", path); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(c.from, nil)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return answer, errors.Join(err, answer.Body.Close())
}

func TestConnectionsThatAreDropped(t *testing.T) {
	p := signedIn(t)
	path := Root + "system/information?" + p.query(nil)

	p.server.Set(func(sw *Switches) { sw.KeepAlive = DropIdle })
	c := p.dial()
	answer, err := c.ask(path)
	if err != nil || answer.StatusCode != http.StatusOK || answer.Close || answer.Header.Get("Connection") != "" || answer.ContentLength <= 0 {
		t.Errorf("dropped when idle: %v, %v", answer, err)
	}
	if _, err := c.from.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the answer there came %v", err)
	}
	if got := p.get("system/information").code(); got != codeSuccess {
		t.Errorf("over another connection: %d", got)
	}

	p.server.Set(func(sw *Switches) { sw.KeepAlive = DropNext })
	for range 2 {
		c = p.dial()
		if answer, err := c.ask(path); err != nil || answer.StatusCode != http.StatusOK || answer.Close {
			t.Errorf("the first request: %v, %v", answer, err)
		}
		if answer, err := c.ask(path); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the second request: %v, %v", answer, err)
		}
	}

	p.server.Set(func(sw *Switches) { sw.KeepAlive = KeepOpen })
	c = p.dial()
	for range 3 {
		if answer, err := c.ask(path); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("kept open: %v, %v", answer, err)
		}
	}
}

func TestDateSkew(t *testing.T) {
	p := signedIn(t)
	for _, skew := range []time.Duration{-time.Hour, 90 * time.Second, 0} {
		p.server.Set(func(sw *Switches) { sw.DateSkew = skew })
		answer := p.send(http.MethodGet, Root+"system/information?"+p.query(nil), "x", "")
		if got, want := answer.header.Get("Date"), p.world.Now().Add(skew).Format(http.TimeFormat); got != want {
			t.Errorf("Date is %s, want %s", got, want)
		}
	}
}

func TestErrcodeAsString(t *testing.T) {
	p := signedIn(t)
	for name, c := range map[string]struct {
		change func(*Switches)
		want   string
	}{
		"errcode alone": {func(sw *Switches) { sw.ErrcodeAsString = true }, `"errcode":"0","errmsg":"SUCCESS","list":[{"id":3`},
		"all numbers":   {func(sw *Switches) { sw.ErrcodeAsString, sw.NumbersAsStrings = true, true }, `"errcode":"0","errmsg":"SUCCESS","list":[{"id":"3"`},
	} {
		p.server.Set(c.change)
		if got := p.queues().text; !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
		p.server.Set(func(sw *Switches) { *sw = Switches{ErrcodeAsString: true} })
	}
	p.token = ""
	if got := p.queues().text; !strings.Contains(got, `"errcode":"10004"`) {
		t.Errorf("a refusal: %s", got)
	}
}

func TestOldFirmware(t *testing.T) {
	p := signedIn(t)
	p.server.Set(func(sw *Switches) { sw.OldFirmware = true })
	for endpoint := range p.server.routes {
		if endpoint == "get_token" || endpoint == "refresh_token" || endpoint == "del_token" {
			continue
		}
		want := codeSuccess
		if strings.HasPrefix(endpoint, "message") {
			want = codeNoInterface
		}
		if got := p.get(endpoint).code(); got != want {
			t.Errorf("%s: %d", endpoint, got)
		}
	}
}

func TestTokensThatDieEarly(t *testing.T) {
	p := newPBX(t)
	call := func(b body) int { p.token = b.text("access_token"); return p.get("system/information").code() }
	p.server.Set(func(sw *Switches) { sw.TokenCalls = 2 })
	one, two := p.login(DefaultClientSecret), p.login(DefaultClientSecret)
	for i, want := range []int{codeSuccess, codeSuccess, codeTokenExpired, codeTokenExpired} {
		if got := call(one); got != want {
			t.Errorf("call %d: %d", i+1, got)
		}
	}
	if got := call(two); got != codeSuccess || p.server.LiveTokens() != 1 {
		t.Errorf("another token: %d, %d live", got, p.server.LiveTokens())
	}
	fresh := p.post("refresh_token", `{"refresh_token":"`+one.text("refresh_token")+`"}`)
	if got := call(fresh); got != codeSuccess {
		t.Errorf("refreshed: %d", got)
	}
	p.server.Set(func(sw *Switches) { sw.TokenCalls = 0 })
	for range 5 {
		if got := call(fresh); got != codeSuccess {
			t.Errorf("without the switch: %d", got)
		}
	}
}

func TestLoginKillsTokens(t *testing.T) {
	p := newPBX(t)
	p.server.Set(func(sw *Switches) { sw.LoginKillsTokens = true })
	old := p.login(DefaultClientSecret)
	p.login("wrong")
	p.token = old.text("access_token")
	if got := p.get("system/information").code(); got != codeSuccess {
		t.Errorf("after a login that failed: %d", got)
	}
	for range 9 {
		if got := p.login(DefaultClientSecret).code(); got != codeSuccess {
			t.Errorf("another login: %d", got)
		}
	}
	if got := p.get("system/information").code(); got != codeTokenExpired || p.server.LiveTokens() != 1 {
		t.Errorf("the first token: %d, %d live", got, p.server.LiveTokens())
	}
	if got := p.post("refresh_token", `{"refresh_token":"`+old.text("refresh_token")+`"}`).code(); got != codeTokenExpired {
		t.Errorf("its refresh token: %d", got)
	}
}

func TestTokenLimit(t *testing.T) {
	p := newPBX(t)
	for limit, want := range map[int]int{1: 1, 3: 3, 12: 12, 0: 8} {
		p.server.RevokeTokens()
		p.server.Set(func(sw *Switches) { sw.TokenLimit = limit })
		n := 0
		for p.login(DefaultClientSecret).code() == codeSuccess && n < 50 {
			n++
		}
		if n != want {
			t.Errorf("limit %d: %d tokens", limit, n)
		}
	}
}

func TestForgetfulServersKeepNoNotes(t *testing.T) {
	s := New(world.New(world.Options{Still: true}), Options{Forgetful: true})
	if s.notes != nil {
		t.Error("there are notes")
	}
}
