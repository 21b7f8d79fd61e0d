package config

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"conversation_exporter/source/httpapi"
	"conversation_exporter/source/yeastar"
)

// yeastarBlock is how one PBX is reached and whose sessions are listed.
type yeastarBlock struct {
	URL              string                  `yaml:"url"`
	ClientID         string                  `yaml:"client_id"`
	ClientSecret     httpapi.Secret          `yaml:"client_secret"`
	ClientSecretFile string                  `yaml:"client_secret_file"`
	TokenFile        string                  `yaml:"token_file"`
	Viewers          viewersBlock            `yaml:"viewers"`
	APIDestination   string                  `yaml:"api_destination"`
	Transport        httpapi.TransportConfig `yaml:",inline"`
}

// viewersBlock is whose sessions are listed.
type viewersBlock struct {
	QueueMembers bool       `yaml:"queue_members"`
	API          bool       `yaml:"api"`
	Extensions   extensions `yaml:"extensions"`
}

// extensions are extension numbers, or all that the PBX has.
type extensions struct {
	all     bool
	numbers []string
}

// setDefaults fills in what holds where the file is silent.
func (b *yeastarBlock) setDefaults() {
	b.Viewers = viewersBlock{QueueMembers: true, API: true}
	b.APIDestination = yeastar.DestinationAutomation
}

// decodeNode implements nodeDecoder. A number is kept as it is written, as an
// extension may begin with zeros.
func (e *extensions) decodeNode(_ *decoder, n *yaml.Node, p place) {
	if n.Kind == yaml.ScalarNode && n.Value == "all" {
		e.all = true
		return
	}
	if n.Kind != yaml.SequenceNode {
		p.fail("must be a list of extension numbers, or the word all")
		return
	}
	for i, item := range n.Content {
		at := p.item(i, item.Line)
		item, ok := plain(item, at)
		if !ok {
			continue
		}
		switch number, ok := textOf(item); {
		case !ok || !regexp.MustCompile(`^[0-9]{1,32}$`).MatchString(number):
			at.fail("must be an extension number, which has digits only")
		case slices.Contains(e.numbers, number):
			at.fail("this extension stands twice in the list")
		default:
			e.numbers = append(e.numbers, number)
		}
	}
}

// check implements system.
func (b *yeastarBlock) check(p place, c checks) {
	checkURL(b.URL, p.key("url"))
	if b.ClientID == "" {
		p.key("client_id").fail("is missing; it is the Client ID of the PBX's API settings")
	}
	if flaw := flawOf(b.ClientID); flaw != "" {
		p.key("client_id").fail("the Client ID %s", flaw)
	}
	b.ClientSecretFile = checkSecret(p, c.dir, "client_secret", b.ClientSecretFile)
	if p.has("token_file") {
		b.TokenFile = checkTokenFile(b.TokenFile, c.dir, p.key("token_file"))
	}
	v := b.Viewers
	if at := p.key("viewers"); !v.QueueMembers && !v.API && !v.Extensions.all && len(v.Extensions.numbers) == 0 {
		at.fail("nobody is left whose sessions could be listed; switch on queue_members or api, or name extensions")
	}
	if b.APIDestination != yeastar.DestinationAutomation && b.APIDestination != yeastar.DestinationAgents {
		p.key("api_destination").fail("must be %s or %s", yeastar.DestinationAutomation, yeastar.DestinationAgents)
	}
	b.Transport.SetDirectory(c.dir)
	checkTransport(&b.Transport, p)
}

// checkURL notes what a PBX's address must not have.
func checkURL(text string, p place) {
	if text == "" {
		p.fail("is missing; it is the address of the PBX, such as https://pbx.example.com")
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || !validHost(u):
		p.fail("must be http:// or https://, a host and, if need be, a port")
	case u.User != nil:
		p.fail("must have no user name or password; the credentials are client_id and client_secret_file")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		p.fail("must have no query and no fragment: nothing after the host but a port")
	case u.Path != "" && u.Path != "/":
		p.fail("must have no path: nothing after the host but a port")
	}
}

// validHost reports whether a URL has a host, and a port that can exist.
func validHost(u *url.URL) bool {
	if u.Port() == "" {
		return u.Hostname() != ""
	}
	port, err := strconv.Atoi(u.Port())
	return u.Hostname() != "" && err == nil && port > 0 && port < 1<<16
}

// checkTransport notes settings that cannot work, at the key that each belongs
// to, and files that are not there.
func checkTransport(t *httpapi.TransportConfig, p place) {
	checkTLS(&t.TLS, p.key("tls_config"))
	if proxy := t.Proxy.ProxyURL; proxy.URL != nil {
		if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme) || !validHost(proxy.URL) {
			p.key("proxy_url").fail("must be http://, https://, socks5:// or socks5h://, a host and a port")
		}
	}
	if err := t.Proxy.Validate(); err != nil {
		p.key("proxy_url").fail("%v", err)
	}
	checkHeaders(t.Headers, p.key("http_headers"))
	pin := httpapi.TransportConfig{CertificateSHA256: t.CertificateSHA256}
	if err := pin.Validate(); err != nil {
		p.key("certificate_sha256").fail("%s", strings.TrimPrefix(err.Error(), "certificate_sha256 "))
	}
}

// checkHeaders notes headers that are not ours to set, and files that are not
// there.
func checkHeaders(headers *promconfig.Headers, p place) {
	if headers == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(headers.Headers)) {
		header := headers.Headers[name]
		alone := promconfig.Headers{Headers: map[string]promconfig.Header{name: header}}
		if err := alone.Validate(); err != nil {
			p.key(name).fail("%v; remove it", err)
		}
		for i, path := range header.Files {
			checkPath(path, p.key(name).key("files").index(i), checkFile)
		}
	}
}

// checkTLS notes certificates and keys that cannot be used.
func checkTLS(t *promconfig.TLSConfig, p place) {
	if err := t.Validate(); err != nil {
		p.fail("%v", err)
		return
	}
	files := []struct{ key, path string }{{"ca_file", t.CAFile}, {"cert_file", t.CertFile}, {"key_file", t.KeyFile}}
	for _, file := range files {
		if file.path != "" {
			checkPath(file.path, p.key(file.key), checkFile)
		}
	}
	if t.MaxVersion != 0 && t.MaxVersion < t.MinVersion {
		p.key("max_version").fail("must not be below min_version")
	}
	if p.bad() {
		return
	}
	if _, err := promconfig.NewTLSConfig(t); err != nil {
		p.fail("the certificates cannot be used; each must be PEM, and the key must belong to the certificate")
	}
}

// options is the block in the words of the source.
func (b *yeastarBlock) options(t Target, rt Runtime) yeastar.Options {
	u, _ := url.Parse(b.URL) // The check parsed it before.
	return yeastar.Options{
		URL:       u.Scheme + "://" + u.Host,
		ClientID:  b.ClientID,
		Secret:    secretOf(b.ClientSecret, b.ClientSecretFile),
		TokenFile: b.TokenFile,
		OwnTokens: rt.OwnTokens,
		Viewers: yeastar.Viewers{
			QueueMembers:  b.Viewers.QueueMembers,
			API:           b.Viewers.API,
			Extensions:    b.Viewers.Extensions.numbers,
			AllExtensions: b.Viewers.Extensions.all,
		},
		APIDestination:    b.APIDestination,
		PageSize:          t.PageSize,
		MaxPages:          t.MaxPages,
		Concurrency:       t.Concurrency,
		RequestsPerSecond: t.RequestsPerSecond,
		Transport:         b.Transport,
		UserAgent:         rt.UserAgent,
		Clock:             rt.Clock,
		Target:            t.Name,
		Metrics:           rt.Metrics,
		SignIns:           rt.SignIns,
	}
}
