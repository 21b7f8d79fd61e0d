package config

import (
	"crypto/tls"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	promconfig "github.com/prometheus/common/config"

	"conversation_exporter/source/httpapi"
)

// Same reports whether two targets say exactly the same, so that a reload may
// keep what it knows of the one for the other. What they mean counts, and not how
// or in which file it is written. The content of the files that a target names is
// no part of it.
func (t Target) Same(other Target) bool {
	return reflect.DeepEqual(t.block(), other.block()) && reflect.DeepEqual(t.system().resolved(), other.system().resolved())
}

// block is the target without its system, in a form that can be compared. The
// order of the collectors means nothing.
func (t Target) block() Target {
	t.Collectors = slices.Sorted(slices.Values(t.Collectors))
	t.system = nil
	return t
}

// resolved implements system.
func (b *yeastarBlock) resolved() system {
	r := *b
	r.URL = strings.TrimSuffix(b.URL, "/")
	r.ClientSecretFile, r.TokenFile = whole(b.ClientSecretFile), whole(b.TokenFile)
	r.Viewers.Extensions.numbers = slices.Sorted(slices.Values(b.Viewers.Extensions.numbers))
	resolveTransport(&r.Transport)
	return &r
}

// resolved implements system.
func (b *superofficeBlock) resolved() system {
	r := *b
	r.URL = strings.TrimSuffix(b.URL, "/")
	if b.BasicAuth != nil {
		auth := *b.BasicAuth
		auth.PasswordFile = whole(auth.PasswordFile)
		r.BasicAuth = &auth
	}
	if b.Authorization != nil {
		auth := *b.Authorization
		auth.CredentialsFile = whole(auth.CredentialsFile)
		r.Authorization = &auth
	}
	if b.Online != nil {
		online := *b.Online
		online.ClientSecretFile, online.RefreshTokenFile = whole(online.ClientSecretFile), whole(online.RefreshTokenFile)
		online.SystemUserTokenFile, online.PrivateKeyFile = whole(online.SystemUserTokenFile), whole(online.PrivateKeyFile)
		r.Online = &online
	}
	resolveTransport(&r.Transport)
	return &r
}

// resolveTransport puts the settings of the transport into a form that can be
// compared.
func resolveTransport(t *httpapi.TransportConfig) {
	t.CertificateSHA256 = strings.ToLower(strings.ReplaceAll(t.CertificateSHA256, ":", ""))
	http2 := t.EnableHTTP2 == nil || *t.EnableHTTP2
	t.EnableHTTP2 = &http2
	t.TLS.CAFile, t.TLS.CertFile, t.TLS.KeyFile = whole(t.TLS.CAFile), whole(t.TLS.CertFile), whole(t.TLS.KeyFile)
	if t.TLS.MinVersion == 0 {
		t.TLS.MinVersion = tls.VersionTLS12
	}
	t.Headers = resolvedHeaders(t.Headers)
}

// resolvedHeaders are headers in a form that can be compared.
func resolvedHeaders(headers *promconfig.Headers) *promconfig.Headers {
	if headers == nil || len(headers.Headers) == 0 {
		return nil
	}
	r := &promconfig.Headers{Headers: maps.Clone(headers.Headers)}
	for name, header := range r.Headers {
		var files []string
		for _, path := range header.Files {
			files = append(files, whole(path))
		}
		header.Files = files
		r.Headers[name] = header
	}
	return r
}

// whole is a path from the root on, so that it does not matter how it was
// written; empty where there is none.
func whole(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}
