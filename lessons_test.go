package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"conversation_exporter/simulator"
	"conversation_exporter/simulator/world"
	simyeastar "conversation_exporter/simulator/yeastar"
)

// canaries are secrets, each with the place that it is put at. A character that
// is written otherwise in addresses and in base64 is in each of them.
type canaries map[string]string

func (c canaries) of(place string) string {
	text := fmt.Sprintf("Canary+%s/%d=", place, len(c))
	c[place] = text
	return text
}

// in tells which canaries are in a text, in any of their forms.
func (c canaries) in(text string) []string {
	var found []string
	for place, secret := range c {
		for _, form := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret),
			base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		} {
			if strings.Contains(text, form) {
				found = append(found, place)
				break
			}
		}
	}
	return found
}

// clientKey makes a certificate and its key, and puts the key among the secrets.
func clientKey(t *testing.T, secrets canaries, place string) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	public, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
	secrets[place] = strings.Split(key, "\n")[2]
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: public})), key
}

// inline writes a text of several lines as the value of a key of tls_config.
func inline(text string) string {
	return "|\n          " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n          ") + "\n"
}

// leaky is a PBX that gives canaries as tokens and tells them wherever an answer
// has room for a text; mode chooses how it fails.
func leaky(t *testing.T, secrets canaries, mode *atomic.Value) *httptest.Server {
	t.Helper()
	access, refresh := secrets.of("access token"), secrets.of("refresh token")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "_token") {
			fmt.Fprintf(w, `{"errcode":0,"access_token":%q,"access_token_expire_time":1800,"refresh_token":%q,"refresh_token_expire_time":86400}`, access, refresh)
			return
		}
		told := access + " " + url.QueryEscape(access) + " " + r.URL.String()
		switch mode.Load() {
		case "refused":
			fmt.Fprintf(w, `{"errcode":10005,"errmsg":%q}`, told)
		case "unknown code":
			fmt.Fprintf(w, `{"errcode":77777,"errmsg":%q}`, told)
		case "server error":
			http.Error(w, told, http.StatusInternalServerError)
		case "redirect":
			http.Redirect(w, r, "http://"+r.Host+"/login?access_token="+url.QueryEscape(access), http.StatusFound)
		case "no JSON":
			fmt.Fprint(w, told)
		case "wrong type":
			fmt.Fprintf(w, `{"errcode":0,"list":%q}`, told)
		case "broken off":
			panic(http.ErrAbortHandler)
		case "hung":
			<-r.Context().Done()
		default:
			fmt.Fprint(w, `{"errcode":0,"list":[]}`)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Every secret key of the configuration holds a canary, and so does what a PBX
// answers; nothing that the program shows has any of them.
func TestLesson04NothingThatIsShownHasASecret(t *testing.T) {
	for _, format := range []string{"logfmt", "json"} {
		t.Run(format, func(t *testing.T) {
			secrets, mode := canaries{}, &atomic.Value{}
			mode.Store("good")
			pbx := leaky(t, secrets, mode)
			t.Setenv("LESSON_SECRET", secrets.of("environment"))
			certificate, key := clientKey(t, secrets, "key")
			fileCertificate, fileKey := clientKey(t, secrets, "key_file")
			head := func(name, address string) string {
				return "  " + name + ":\n    min_interval: 0s\n    yeastar:\n      url: " + address + "\n      client_id: id\n"
			}
			file := write(t, "secrets.yml", "targets:\n"+
				head("direct", pbx.URL)+
				"      client_secret: "+secrets.of("client_secret")+"\n"+
				"      http_headers:\n        X-One: {secrets: ["+secrets.of("header")+"]}\n        X-Two: {files: ["+write(t, "header", secrets.of("header file")+"\n")+"]}\n"+
				head("closed", "https://127.0.0.1:9")+
				"      client_secret_file: "+write(t, "secret", secrets.of("client_secret_file")+"\n")+"\n"+
				"      tls_config:\n        cert: "+inline(certificate)+"        key: "+inline(key)+
				head("proxied", "https://127.0.0.1:9")+
				"      client_secret: ${LESSON_SECRET}\n"+
				"      proxy_url: http://user:"+url.PathEscape(secrets.of("proxy password"))+"@127.0.0.1:9\n"+
				"      proxy_connect_header: {X-Proxy: ["+secrets.of("proxy header")+"]}\n"+
				"      tls_config: {cert_file: "+write(t, "client.pem", fileCertificate)+", key_file: "+write(t, "client.key", fileKey)+"}\n")
			web := write(t, "web.yml", "basic_auth_users:\n  Canary: $2y$04$F8yPF5ohPqEY5UATK1k4vO.F6eS6eqRUxQOpnl2AZ7J13OJCQLkKq\n")
			secrets["web password"] = "$2y$04$F8yPF5ohPqEY5UATK1k4vO"
			args := []string{"--config.file=" + file, "--config.expand-environment-variables", "--log.level=debug", "--log.format=" + format}
			code, stdout, stderr := once(append(args, "--config.check", "--web.config.file="+web)...)
			if code != 0 {
				t.Fatalf("the configuration is refused: %s", stderr)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// That what is there is found is what the rest of the test rests on.
			if found := secrets.in(string(text)); len(found) != 5 {
				t.Errorf("the search finds only %q in the file itself", found)
			}
			shown := map[string]string{"--config.check": stdout + stderr}
			p := start(t, args...)
			for _, m := range []string{"good", "refused", "unknown code", "server error", "redirect", "no JSON", "wrong type", "broken off", "hung"} {
				mode.Store(m)
				timeout := "30"
				if m == "hung" {
					timeout = "0.3"
				}
				_, shown["/metrics, "+m] = p.get(t, "/metrics", "X-Prometheus-Scrape-Timeout-Seconds", timeout)
				_, shown["/, "+m] = p.get(t, "/")
			}
			p.stop(t)
			shown["the log"], shown["stdout"] = p.stderr.String(), p.stdout.String()
			if !strings.Contains(shown["/metrics, good"], `conversation_up{target="direct"} 1`) || strings.Count(shown["the log"], "\n") < 8 {
				t.Errorf("too little was shown:\n%s", shown["the log"])
			}
			for place, text := range shown {
				for _, secret := range secrets.in(text) {
					t.Errorf("%s shows %s:\n%s", place, secret, text)
				}
			}
		})
	}
}

// pair is a program that reads a simulated PBX and one that is away.
func pair(t *testing.T) (*simulator.Simulator, *program) {
	t.Helper()
	sim := simulator.New(simulator.Options{World: world.Options{Still: true}})
	server := httptest.NewServer(sim.Yeastar)
	t.Cleanup(server.Close)
	if _, err := sim.World.Open(world.Opening{QueueID: world.QueueSupport}); err != nil {
		t.Fatal(err)
	}
	return sim, start(t, "--config.file="+write(t, "pair.yml",
		"targets:\n  there:\n    min_interval: 0s\n    requests_per_second: 0\n    yeastar:\n      url: "+server.URL+
			"\n      client_id: "+sim.ClientID()+"\n      client_secret: "+sim.ClientSecret()+
			"\n      viewers: {queue_members: false, api: false, extensions: [1001, 1002]}\n"+
			"  away:\n    min_interval: 0s\n    yeastar:\n      url: http://127.0.0.1:9\n      client_id: id\n      client_secret: secret\n"))
}

// Scrapes leave nothing behind, whether their targets answer or not.
func TestLesson06AThousandScrapesLeaveNoGoroutines(t *testing.T) {
	_, p := pair(t)
	scrapes := func(n int) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
				defer client.CloseIdleConnections()
				for range n / 4 {
					if status, _ := fetch(client, p.url+"/metrics"); status != http.StatusOK {
						t.Errorf("the status is %d", status)
						return
					}
				}
			})
		}
		all.Wait()
	}
	scrapes(40)
	time.Sleep(100 * time.Millisecond)
	before := runtime.NumGoroutine()
	scrapes(1000)
	for wait := 0; runtime.NumGoroutine() > before+5; wait++ {
		if wait == 1000 {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d were before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Scrapes and looks at the page, at the same time, of targets that fail and heal
// share what was read, and the race detector looks on.
func TestLesson08FiftyRequestsAtATimeWhileTargetsFailAndHeal(t *testing.T) {
	sim, p := pair(t)
	faults := []simyeastar.Fault{
		{Endpoint: "message_session/search", Viewer: "1001", Code: 10005},
		{Endpoint: "message_session/search", Kind: simyeastar.Truncated, Share: 0.5},
		{Endpoint: "message_queue/list", Kind: simyeastar.Plain},
		{Endpoint: "message_session/search", Kind: simyeastar.ResetMidway},
	}
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			lift := sim.Yeastar.Inject(faults[i%len(faults)])
			time.Sleep(3 * time.Millisecond)
			lift()
			select {
			case <-over:
				return
			case <-time.After(3 * time.Millisecond):
			}
		}
	}()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 50, DisableCompression: true}}
	defer client.CloseIdleConnections()
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			for range 5 {
				route := "/metrics"
				if i%5 == 0 {
					route = "/"
				}
				status, body := fetch(client, p.url+route)
				if status != http.StatusOK {
					t.Errorf("%s: the status is %d", route, status)
				}
				if n := strings.Count(body, `conversation_scrape_collector_success{collector="sessions"`); route == "/metrics" && n != 2 {
					t.Errorf("%d of 2 targets say how they were read:\n%s", n, body)
				}
			}
		})
	}
	all.Wait()
	close(over)
	<-ended
	_, body := fetch(client, p.url+"/metrics")
	for _, want := range []string{
		`conversation_scrape_collector_success{collector="sessions",target="there"} 1`, `conversation_up{target="there"} 1`,
		`conversation_open_sessions{channel="whatsapp",origin="regular",queue="Support",state="queued",target="there"} 1`,
		`conversation_up{target="away"} 0`, "conversation_exporter_panics_total 0",
	} {
		if !strings.Contains(body, want+"\n") {
			t.Errorf("once all is well, %s is not in\n%s", want, body)
		}
	}
}

// fetch makes a request on a connection that may be used again; the status is 0
// where there was no answer.
func fetch(client *http.Client, address string) (status int, body string) {
	resp, err := client.Get(address)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ""
	}
	return resp.StatusCode, string(text)
}
