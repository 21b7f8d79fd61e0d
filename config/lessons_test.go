package config

import (
	"strings"
	"testing"
)

// What an address holds beside the host ends up in the text of every error that
// names it, so nothing but a host and a port is taken.
func TestLesson03AnAddressHoldsNothingSecret(t *testing.T) {
	const good = "https://pbx.example.com"
	rest := "      client_secret_file: secrets/head-office\n"
	parseOne(t, block(rest, ""), testOptions())
	for name, address := range map[string]string{
		"a user and a password":     "https://monitor:Canary-8f2e@pbx.example.com",
		"a user alone":              "https://Canary-8f2e@pbx.example.com",
		"a password alone":          "https://:Canary-8f2e@pbx.example.com",
		"an escaped password":       "https://monitor:%43anary-8f2e@pbx.example.com",
		"a token in the query":      good + "?access_token=Canary-8f2e",
		"a token in the fragment":   good + "#access_token=Canary-8f2e",
		"a token in the path":       good + "/Canary-8f2e",
		"a token in a broken query": good + "/?%zz=Canary-8f2e",
	} {
		_, err := Parse("testdata/inline.yml", []byte(strings.Replace(block(rest, ""), good, "\""+address+"\"", 1)), testOptions())
		if err == nil || !strings.Contains(err.Error(), "inline.yml:4: targets.t.yeastar.url: ") {
			t.Errorf("%s: got %v, want that the address is refused", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "anary-8f2e") {
			t.Errorf("%s: the error shows it: %v", name, err)
		}
	}
}
