package web

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"conversation_exporter/collector"
)

// asked hands a request to the handler as it would come for a host.
func asked(h http.Handler, host string, secure bool) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/sd", http.NoBody)
	r.Host = host
	if secure {
		r.TLS = &tls.ConnectionState{}
	}
	h.ServeHTTP(w, r)
	return w
}

func TestDiscoveryListsEveryTarget(t *testing.T) {
	entry := func(host, prefix, scheme, name string) string {
		if scheme != "" {
			scheme = `"__scheme__":"` + scheme + `",`
		}
		return `{"targets":["` + host + `"],"labels":{"__metrics_path__":"` + prefix + `/probe","__param_target":"` + name + `",` + scheme + `"instance":"` + name + `"}}`
	}
	for _, c := range []struct {
		external, host string
		secure         bool
		want           string
	}{
		{"", "exporter:10720", false, entry("exporter:10720", "", "", "a") + "," + entry("exporter:10720", "", "", "b.c_d-1")},
		{"", "[::1]:10720", true, entry("[::1]:10720", "", "https", "a") + "," + entry("[::1]:10720", "", "https", "b.c_d-1")},
		{"https://monitor.example.com/chat/", "exporter:10720", false, entry("monitor.example.com", "/chat", "https", "a") + "," + entry("monitor.example.com", "/chat", "https", "b.c_d-1")},
		{"http://192.0.2.1:81", "a b", true, entry("192.0.2.1:81", "", "http", "a") + "," + entry("192.0.2.1:81", "", "http", "b.c_d-1")},
	} {
		h := newHandler(t, Options{ExternalURL: c.external}, target("b.c_d-1", &fakeSource{}), target("a", &fakeSource{}))
		w := asked(h, c.host, c.secure)
		if got := w.Body.String(); w.Code != http.StatusOK || got != "["+c.want+"]\n" || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s, %s: %d %s\n%s\nwant\n%s", c.external, c.host, w.Code, w.Header(), got, c.want)
		}
	}
}

func TestDiscoveryOfNothingIsAnEmptyList(t *testing.T) {
	if w := asked(newHandler(t, Options{}), "exporter", false); w.Code != http.StatusOK || w.Body.String() != "[]\n" {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}

// The header Host is the asker's to choose, and what comes of it is scraped.
func TestDiscoveryRefusesAHostThatIsNone(t *testing.T) {
	h := newHandler(t, Options{}, target("a", &fakeSource{}))
	for _, host := range []string{
		"", ":80", "a:", "a:0", "a:65536", "a:http", "a b", "a/b", "user@a", "user:pass@a", "a?b", "a#b", "a,b", "[::1", "::1", "[1.2.3.4]", "[fe80::1%25eth0]",
		"a\"", "<a>", "a:80:80", "\xff", "ä.example", "-a",
	} {
		if w := asked(h, host, false); w.Code != http.StatusBadRequest || w.Body.String() != "The header Host is no host with or without a port, so nobody could be sent there; set --web.external-url.\n" {
			t.Errorf("%q: %d %s", host, w.Code, w.Body)
		}
	}
	for _, host := range []string{"a", "a.b-c_d.example.com.", "192.0.2.1", "[::1]", "[2001:db8::1]:1", "a:65535"} {
		if w := asked(h, host, false); w.Code != http.StatusOK {
			t.Errorf("%q: %d %s", host, w.Code, w.Body)
		}
	}
}

func TestExternalURL(t *testing.T) {
	const (
		form  = "--web.external-url must be http:// or https://, a host and, if need be, a port and a path"
		user  = "--web.external-url must have no user name or password; Prometheus has its own for a scrape job"
		query = "--web.external-url must have no query and no fragment"
		plain = "--web.external-url must have a plain path, without // and dots"
		whole = "--web.external-url must have a plain path, without control characters and encoded slashes, in UTF-8"
	)
	for text, want := range map[string]string{
		"": "", "http://a": "", "https://a/": "", "https://a:8443/b/c/": "", "http://[::1]:1/x": "", "https://a/b c": "",
		"a": form, "//a": form, "ftp://a": form, "http://": form, "http:///b": form, "/b": form, "http://a:b": form, "http://a:99999": form, "http://a b": form,
		"http://u:canary@a:b\x00": form,
		"http://u:canary@a":       user, "http://u@a/b": user,
		"http://a?": query, "http://a?b": query, "http://a#": query, "http://a/#b": query,
		"http://a/b//c": plain, "http://a/../b": plain, "http://a/./": plain, "http://a//": plain,
		"http://a/b%00": whole, "http://a/b%0Ac": whole, "http://a/b%2fc": whole, "http://a/b%2Fc": whole, "http://a/%7f": whole, "http://a/%c2%85": whole, "http://a/%ff": whole,
		"http://a/b%20c%25": "",
	} {
		got := ""
		if _, err := New(Options{Collector: collector.New(), TelemetryPath: DefaultTelemetryPath, ExternalURL: text}); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
