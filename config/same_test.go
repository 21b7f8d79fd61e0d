package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// change is a target before and after one of its keys was changed.
type change struct{ before, after string }

const (
	plainPBX = "    yeastar:\n      url: https://pbx.example.com\n      client_id: monitor\n      client_secret_file: secret\n"
	plainCRM = "    superoffice:\n      url: https://crm.example.com/SuperOffice\n      basic_auth: {username: monitor, password_file: secret}\n"
	ticket   = "    superoffice:\n      url: https://crm.example.com/SuperOffice\n      authorization: {credentials_file: secret}\n"
	tenant   = "    superoffice:\n      online: {customer: Cust12345, client_id: app, client_secret_file: secret, refresh_token_file: secret}\n"
	appUser  = "    superoffice:\n      online: {customer: Cust12345, client_id: app, client_secret_file: secret, system_user_token_file: secret, private_key_file: rsa.key}\n"
	tlsFiles = "      tls_config: {cert_file: cert.pem, key_file: key.pem}\n"
	header   = "      http_headers: {X-A: {values: [a, b], secrets: [c], files: [secret]}}\n"
)

// changes has a row for each key that a target can have.
func changes(certificate string) map[string]change {
	base := func(key, value string) change { return change{plainPBX, "    " + key + ": " + value + "\n" + plainPBX} }
	inner := func(lines string) change { return change{plainPBX, plainPBX + "      " + lines + "\n"} }
	instead := func(from, to string) change { return change{plainPBX, strings.Replace(plainPBX, from, to, 1)} }
	list := map[string]change{
		"collectors":             base("collectors", "[sessions]"),
		"timeout":                base("timeout", "11s"),
		"min_interval":           base("min_interval", "0s"),
		"concurrency":            base("concurrency", "5"),
		"requests_per_second":    base("requests_per_second", "9.5"),
		"page_size":              base("page_size", "99"),
		"max_pages":              base("max_pages", "999"),
		"agent_names":            base("agent_names", "true"),
		"url":                    instead("https:", "http:"),
		"client_id":              instead("monitor", "Monitor"),
		"client_secret":          {strings.Replace(plainPBX, "_file: secret", ": one", 1), strings.Replace(plainPBX, "_file: secret", ": two", 1)},
		"client_secret_file":     instead("file: secret", "file: other"),
		"token_file":             inner("token_file: token"),
		"queue_members":          inner("viewers: {queue_members: false}"),
		"api":                    inner("viewers: {api: false}"),
		"extensions":             inner("viewers: {extensions: [1000]}"),
		"api_destination":        inner("api_destination: agents"),
		"proxy_url":              {plainPBX + "      proxy_url: http://a:b@proxy:1\n", plainPBX + "      proxy_url: http://a:c@proxy:1\n"},
		"no_proxy":               {plainPBX + "      proxy_url: http://proxy:1\n", plainPBX + "      proxy_url: http://proxy:1\n      no_proxy: localhost\n"},
		"proxy_from_environment": inner("proxy_from_environment: true"),
		"proxy_connect_header":   {plainPBX + "      proxy_url: http://proxy:1\n      proxy_connect_header: {X-A: [a]}\n", plainPBX + "      proxy_url: http://proxy:1\n      proxy_connect_header: {X-A: [b]}\n"},
		"enable_http2":           inner("enable_http2: false"),
		"certificate_sha256":     inner("certificate_sha256: " + strings.Repeat("ab", 32)),
	}
	for key, value := range map[string]string{
		"ca_file": "cert.pem", "server_name": "pbx", "insecure_skip_verify": "true", "min_version": "TLS13", "max_version": "TLS13",
		"ca": certificate,
	} {
		list["tls_config."+key] = inner("tls_config: {" + key + ": " + value + "}")
	}
	for key, values := range map[string][2]string{"cert_file": {"cert_file: cert.pem", "cert_file: other.pem"}, "key_file": {"key_file: key.pem", "key_file: other.key"}} {
		list["tls_config."+key] = change{plainPBX + tlsFiles, plainPBX + strings.Replace(tlsFiles, values[0], values[1], 1)}
	}
	// The same pair as text: what is a file here and a text there is not the same.
	list["tls_config.cert"] = change{plainPBX + tlsFiles, plainPBX + "      tls_config: {cert: " + certificate + ", key_file: key.pem}\n"}
	list["tls_config.key"] = change{plainPBX + tlsFiles, plainPBX + "      tls_config: {cert_file: cert.pem, key: " + certificate + "}\n"}
	for key, values := range map[string][2]string{"values": {"[a, b]", "[b, a]"}, "secrets": {"[c]", "[d]"}, "files": {"[secret]", "[other]"}} {
		list["http_headers."+key] = change{plainPBX + header, plainPBX + strings.Replace(header, values[0], values[1], 1)}
	}
	for key, row := range list {
		// The keys of the transport are those of the other system.
		if strings.Contains(row.after, plainPBX+"      ") && !slices.Contains([]string{"token_file", "queue_members", "api", "extensions", "api_destination"}, key) {
			list["superoffice."+key] = change{strings.Replace(row.before, plainPBX, plainCRM, 1), strings.Replace(row.after, plainPBX, plainCRM, 1)}
		}
	}
	maps.Copy(list, superofficeChanges())
	return list
}

// superofficeChanges has the rows of what that system alone has.
func superofficeChanges() map[string]change {
	instead := func(text, from, to string) change { return change{text, strings.Replace(text, from, to, 1)} }
	value := func(text, key string) change {
		literal := strings.Replace(text, key+"_file: secret", key+": one", 1)
		return change{literal, strings.Replace(literal, key+": one", key+": two", 1)}
	}
	file := func(text, key string) change { return instead(text, key+"_file: secret", key+"_file: other") }
	list := map[string]change{
		"url":              instead(plainCRM, "/SuperOffice", "/crm"),
		"username":         instead(plainCRM, "monitor", "Monitor"),
		"type":             {ticket, strings.Replace(ticket, "{", "{type: Custom, ", 1)},
		"time_zone":        {plainCRM, plainCRM + "      time_zone: Europe/Oslo\n"},
		"idle_timeout":     {plainCRM, plainCRM + "      idle_timeout: 20m\n"},
		"environment":      {tenant, strings.Replace(tenant, "{", "{environment: sod, ", 1)},
		"customer":         instead(tenant, "Cust12345", "Cust54321"),
		"client_id":        instead(tenant, "app", "App"),
		"redirect_uri":     {tenant, strings.Replace(tenant, "{", "{redirect_uri: https://localhost/done, ", 1)},
		"private_key_file": instead(appUser, "rsa.key", "other-rsa.key"),
	}
	for key, text := range map[string]string{"password": plainCRM, "credentials": ticket, "client_secret": tenant, "refresh_token": tenant, "system_user_token": appUser} {
		list[key], list[key+"_file"] = value(text, key), file(text, key)
	}
	prefixed := make(map[string]change, len(list))
	for key, row := range list {
		prefixed["superoffice."+key] = row
	}
	return prefixed
}

// rsaKey makes a private key as a system user has it.
func rsaKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// certificate makes a certificate and its key, in one text that serves for both.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}

// leaves lists the keys of a target that are no blocks of our own.
func leaves(t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		return leaves(t.Elem())
	}
	var keys []string
	for _, f := range fieldsOf(t) {
		switch f.typ {
		case reflect.TypeFor[promconfig.TLSConfig]():
			for _, key := range leaves(f.typ) {
				keys = append(keys, f.key+"."+key)
			}
		case reflect.TypeFor[*promconfig.Headers]():
			for _, key := range leaves(reflect.TypeFor[promconfig.Header]()) {
				keys = append(keys, f.key+"."+key)
			}
		case reflect.TypeFor[*superofficeBlock]():
			for _, key := range leaves(f.typ) {
				keys = append(keys, f.key+"."+key)
			}
		case reflect.TypeFor[viewersBlock](), reflect.TypeFor[*yeastarBlock](), reflect.TypeFor[*basicAuthBlock](), reflect.TypeFor[*authorizationBlock](), reflect.TypeFor[*onlineBlock]():
			keys = append(keys, leaves(f.typ)...)
		default:
			keys = append(keys, f.key)
		}
	}
	return keys
}

// sameDir makes the files that the rows name.
func sameDir(t *testing.T, certificate string) string {
	t.Helper()
	key := rsaKey(t)
	return tree(t, map[string]string{
		"rsa.key": key, "other-rsa.key": key, "secret": "a", "other": "b", "sub/secret": "a",
		"cert.pem": certificate, "key.pem": certificate, "other.pem": certificate, "other.key": certificate,
	})
}

// target parses a block of one target as the file of that name.
func target(t *testing.T, file, text string) Target {
	t.Helper()
	cfg, err := Parse(file, []byte("targets:\n  t:\n"+text), testOptions())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return cfg.Targets[0]
}

// TestEachChangedKeyIsSeen changes each key that there is once.
func TestEachChangedKeyIsSeen(t *testing.T) {
	pair := certificate(t)
	main := filepath.Join(sameDir(t, pair), "main.yml")
	rows := changes(strconv.Quote(pair))
	for _, key := range leaves(reflect.TypeFor[targetBlock]()) {
		row, ok := rows[key]
		if !ok {
			t.Errorf("no row changes the key %s", key)
			continue
		}
		delete(rows, key)
		before, after := target(t, main, row.before), target(t, main, row.after)
		if before.Same(after) || after.Same(before) {
			t.Errorf("%s: the change is not seen", key)
		}
		if !before.Same(target(t, main, row.before)) || !after.Same(target(t, main, row.after)) {
			t.Errorf("%s: the same block is not the same", key)
		}
	}
	for key := range rows {
		t.Errorf("there is no key %s", key)
	}
	renamed := target(t, main, plainPBX)
	renamed.Name = "u"
	if renamed.Same(target(t, main, plainPBX)) {
		t.Error("another name is the same")
	}
}

// Every field of a target decides, so one that the comparison leaves out must
// be none of the block.
func TestEachFieldOfATargetIsCompared(t *testing.T) {
	main := filepath.Join(sameDir(t, certificate(t)), "main.yml")
	one := target(t, main, plainPBX)
	for i := range reflect.TypeFor[Target]().NumField() {
		field := reflect.TypeFor[Target]().Field(i)
		if !field.IsExported() {
			continue
		}
		other := one
		v := reflect.ValueOf(&other).Elem().Field(i)
		switch v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		case reflect.Bool:
			v.SetBool(!v.Bool())
		case reflect.Int, reflect.Int64:
			v.SetInt(v.Int() + 1)
		case reflect.Float64:
			v.SetFloat(v.Float() + 1)
		default:
			t.Fatalf("the field %s is of a kind that this test does not know", field.Name)
		}
		if one.Same(other) {
			t.Errorf("the field %s is not compared", field.Name)
		}
	}
}

func TestTheWritingOfABlockDoesNotMatter(t *testing.T) {
	dir := sameDir(t, certificate(t))
	main := filepath.Join(dir, "main.yml")
	plain := plainPBX + "      viewers: {extensions: [1, 2]}\n      certificate_sha256: " + strings.Repeat("AB", 32) + "\n" + tlsFiles + header + "    collectors: [sessions, queues]\n    timeout: 60s\n"
	for name, other := range map[string]Target{
		"order, comments and defaults": target(t, main, "    # A comment.\n    timeout: 1m\n    concurrency: 4\n    agent_names: false\n    collectors: [queues, sessions]\n    yeastar:\n      client_secret_file: secret\n      enable_http2: true\n"+
			"      client_id: \"monitor\"\n      url: https://pbx.example.com/\n"+header+"      tls_config:\n        min_version: TLS12\n        key_file: key.pem\n        cert_file: cert.pem\n"+
			"      certificate_sha256: ab"+strings.Repeat(":ab", 31)+"\n      viewers: {api: true, extensions: ['2', 1]}\n"),
		"another directory and other paths to the same files": target(t, filepath.Join(dir, "sub", "x.yml"), strings.NewReplacer("file: ", "file: ../", "[secret]", "["+dir+"/secret]").Replace(plain)),
	} {
		if one := target(t, main, plain); !one.Same(other) {
			t.Errorf("%s: not the same", name)
		}
	}
	if one := target(t, main, plainPBX); one.Same(target(t, filepath.Join(dir, "sub", "x.yml"), plainPBX)) {
		t.Error("a path that leads to another file is the same")
	}
	// The content of a file is read when it is needed.
	one := target(t, main, plainPBX)
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !one.Same(target(t, main, plainPBX)) {
		t.Error("the content of a secret file is taken for a part of the block")
	}
}

// Comparing neither changes a target nor shows what is in it.
func TestComparingLeavesATargetAlone(t *testing.T) {
	dir := sameDir(t, certificate(t))
	text := plainPBX + "      viewers: {extensions: [2, 1]}\n" + header + "    collectors: [sessions, queues]\n"
	one := target(t, filepath.Join(dir, "main.yml"), text)
	one.Same(one)
	opts := optionsOf(t, one)
	if opts.Transport.EnableHTTP2 != nil || opts.Viewers.Extensions[0] != "2" || one.Collectors[0] != "sessions" || opts.Transport.TLS.MinVersion != 0 {
		t.Errorf("the target was changed: %+v", one)
	}
}
