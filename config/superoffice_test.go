package config

import (
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"conversation_exporter/source/superoffice"
)

// crmOptions parses a block of SuperOffice, as the file in a directory with secrets.
func crmOptions(t *testing.T, text string) superoffice.Options {
	t.Helper()
	main := filepath.Join(sameDir(t, certificate(t)), "main.yml")
	one := target(t, main, text)
	b, ok := one.system().(*superofficeBlock)
	if !ok {
		t.Fatalf("the system is a %T", one.system())
	}
	source, err := one.Open(Runtime{UserAgent: "test/1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Close(t.Context()); err != nil {
		t.Error(err)
	}
	return b.options(one, Runtime{UserAgent: "test/1"})
}

func TestAnInstallationIsSignedInToByAHeader(t *testing.T) {
	for text, want := range map[string]string{
		plainCRM: "Basic " + base64.StdEncoding.EncodeToString([]byte("monitor:a")),
		ticket:   "SOTicket a",
	} {
		o := crmOptions(t, text+"      time_zone: Europe/Oslo\n      idle_timeout: 20m\n")
		secret, err := o.Authorization()
		if err != nil || secret.Reveal() != want || strings.Contains(secret.String(), "a") {
			t.Errorf("the header is %q, error %v; want %q", secret.Reveal(), err, want)
		}
		if o.URL != "https://crm.example.com/SuperOffice" || o.TimeZone.String() != "Europe/Oslo" || o.IdleTimeout != 20*time.Minute || o.Online != nil || o.PageSize != 100 {
			t.Errorf("options %+v", o)
		}
	}
}

func TestATenantIsSignedInToInOneOfTwoWays(t *testing.T) {
	refresh := crmOptions(t, tenant).Online
	if refresh == nil || refresh.Environment != "online" || refresh.Customer != "Cust12345" || refresh.RefreshToken == nil || refresh.PrivateKey != nil {
		t.Fatalf("options %+v", refresh)
	}
	system := crmOptions(t, appUser).Online
	if system == nil || system.RefreshToken != nil || system.SystemUserToken == nil {
		t.Fatalf("options %+v", system)
	}
	key, err := system.PrivateKey()
	if err != nil || superoffice.CheckPrivateKey(key) != nil {
		t.Errorf("the private key cannot be read: %v", err)
	}
	token, err := system.SystemUserToken()
	if err != nil || token.Reveal() != "a" {
		t.Errorf("the system user token cannot be read: %v", err)
	}
}
