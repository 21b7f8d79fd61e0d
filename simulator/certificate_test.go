package simulator

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"conversation_exporter/simulator/superoffice"
	"conversation_exporter/simulator/world"
	"conversation_exporter/simulator/yeastar"
)

// serving serves a still simulator over TLS until the test ends.
func serving(t *testing.T, c *Certificate) (*Simulator, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{World: world.Options{Still: true}})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.ServeTLS(ctx, l, c) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// ask makes one request over a connection with the given settings.
func ask(t *testing.T, address string, conf *tls.Config) error {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: conf}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+address+yeastar.Root+"system/information", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func pool(t *testing.T, c *Certificate) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(c.CAPEM()) {
		t.Fatal("the CA is not in PEM form")
	}
	return roots
}

// pinned checks the pin alone, as an exporter does.
func pinned(pin string) *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, VerifyConnection: func(state tls.ConnectionState) error {
		if sum := sha256.Sum256(state.PeerCertificates[0].Raw); hex.EncodeToString(sum[:]) != pin {
			return errors.New("another certificate")
		}
		return nil
	}}
}

func TestCertificates(t *testing.T) {
	hostname := func(err error) bool { _, ok := errors.AsType[x509.HostnameError](err); return ok }
	authority := func(err error) bool { _, ok := errors.AsType[x509.UnknownAuthorityError](err); return ok }
	expired := func(err error) bool {
		invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
		return ok && invalid.Reason == x509.Expired
	}
	fine := func(err error) bool { return err == nil }
	for name, c := range map[string]struct {
		make              func() (*Certificate, error)
		trusted, mistrust func(error) bool
		name              string
	}{
		"self-signed": {SelfSigned, hostname, hostname, "UCCPBX"},
		"issued":      {Issued, fine, authority, "localhost"},
		"expired":     {Expired, expired, expired, "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			certificate, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			_, address := serving(t, certificate)
			if err := ask(t, address, &tls.Config{RootCAs: pool(t, certificate)}); !c.trusted(err) {
				t.Errorf("with its CA trusted: %v", err)
			}
			if err := ask(t, address, &tls.Config{RootCAs: x509.NewCertPool()}); !c.mistrust(err) && !authority(err) {
				t.Errorf("with nobody trusted: %v", err)
			}
			if err := ask(t, address, pinned(certificate.SHA256())); err != nil {
				t.Errorf("pinned: %v", err)
			}
			if err := ask(t, address, pinned("00")); err == nil {
				t.Error("with another pin it was accepted")
			}
			leaf, err := x509.ParseCertificate(certificate.leaf)
			if err != nil || leaf.Subject.CommonName != c.name {
				t.Errorf("in the name of %q (%v)", leaf.Subject.CommonName, err)
			}
			if block, rest := pem.Decode(certificate.CAPEM()); block == nil || len(rest) != 0 {
				t.Error("the CA is not one PEM block")
			}
		})
	}
}

func TestCertificatesAreNeverTheSame(t *testing.T) {
	one, err := SelfSigned()
	if err != nil {
		t.Fatal(err)
	}
	two, err := SelfSigned()
	if err != nil || one.SHA256() == two.SHA256() {
		t.Errorf("two have one pin (%v)", err)
	}
}

func TestFaultsOverTLS(t *testing.T) {
	c, err := Issued()
	if err != nil {
		t.Fatal(err)
	}
	s, address := serving(t, c)
	conf := &tls.Config{RootCAs: pool(t, c)}
	s.Yeastar.Inject(yeastar.Fault{Kind: yeastar.Reset, Times: 1})
	if err := ask(t, address, conf.Clone()); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a reset: %v", err)
	}
	s.Yeastar.Set(func(sw *yeastar.Switches) { sw.KeepAlive = yeastar.DropIdle })
	if err := ask(t, address, conf.Clone()); err != nil {
		t.Errorf("a connection that is dropped when idle: %v", err)
	}
}

// The cloud flow on the loopback address: every name is played there, over TLS.
func TestCloudIsPlayedOnLoopback(t *testing.T) {
	certificate, err := IssuedFor("*.superoffice.com")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{World: world.Options{Still: true}, SuperOffice: superoffice.Options{Cloud: true}})
	server := httptest.NewUnstartedServer(s.SuperOffice)
	server.TLS = certificate.ServerConfig()
	server.StartTLS()
	defer server.Close()
	transport := certificate.Transport(server.Listener.Addr().String())
	defer transport.CloseIdleConnections()
	for address, want := range map[string]int{
		"https://online.superoffice.com/api/state/Cust00001":                    http.StatusOK,
		"https://online.superoffice.com/login/.well-known/openid-configuration": http.StatusOK,
		"https://online2.superoffice.com/Cust00001/api":                         http.StatusOK,
		"https://online2.superoffice.com/Cust00001/api/v1/ChatSession":          http.StatusUnauthorized,
		"https://online7.superoffice.com/Cust00001/api/v1/ChatSession":          http.StatusMisdirectedRequest,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&http.Client{Transport: transport}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s: %d", address, answer.StatusCode)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://canary.invalid/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := (&http.Client{Transport: transport}).Do(r); err == nil {
		_ = answer.Body.Close()
		t.Error("a name that the certificate does not have is believed")
	}
}
