package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// discoveryPath is where Prometheus finds the targets.
const discoveryPath = "/sd"

// found is one target as Prometheus wants to be told of it.
type found struct {
	Targets []string          `json:"targets"`
	Labels  map[string]string `json:"labels"`
}

// discovery lists the targets for the HTTP service discovery of Prometheus. Each
// is this exporter once more, with the target's own page; its instance is the
// target's name, as all would share one series up otherwise.
func (h *Handler) discovery(w http.ResponseWriter, r *http.Request) {
	host, prefix, scheme := r.Host, "", ""
	switch {
	case h.external != nil:
		host, prefix, scheme = h.external.Host, strings.TrimSuffix(h.external.Path, "/"), h.external.Scheme
	case !validHostPort(host):
		say(w, http.StatusBadRequest, "The header Host is no host with or without a port, so nobody could be sent there; set --web.external-url.")
		return
	case r.TLS != nil:
		// Where a proxy speaks TLS for us we do not know it, and leave the scheme to
		// the scrape job.
		scheme = "https"
	}
	list := []found{}
	for _, name := range h.opts.Collector.Names() {
		labels := map[string]string{"__metrics_path__": prefix + probePath, "__param_" + paramTarget: name, "instance": name}
		if scheme != "" {
			labels["__scheme__"] = scheme
		}
		list = append(list, found{Targets: []string{host}, Labels: labels})
	}
	body, err := json.Marshal(list)
	if err != nil {
		say(w, http.StatusInternalServerError, "The list of targets could not be made.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(body, '\n'))
}

// parseExternalURL reads --web.external-url; it is nil where there is none.
func parseExternalURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || !validHostPort(u.Host):
		// The parser's own words quote the address, which may hold a password.
		err = errors.New("must be http:// or https://, a host and, if need be, a port and a path")
	case u.User != nil:
		err = errors.New("must have no user name or password; Prometheus has its own for a scrape job")
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#"):
		err = errors.New("must have no query and no fragment")
	case u.Path != "" && path.Clean(u.Path) != u.Path && (path.Clean(u.Path)+"/" != u.Path || u.Path == "//"):
		err = errors.New("must have a plain path, without // and dots")
	case !utf8.ValidString(u.Path) || strings.ContainsFunc(u.Path, unicode.IsControl) || strings.Contains(strings.ToLower(u.RawPath), "%2f"):
		// The path is told decoded, and such a one would then be another.
		err = errors.New("must have a plain path, without control characters and encoded slashes, in UTF-8")
	default:
		return u, nil
	}
	return nil, fmt.Errorf("--web.external-url %w", err)
}

// validHostPort reports whether a text is a host that Prometheus can scrape: a
// name, an IPv4 address or an IPv6 address in brackets, and a port or none.
func validHostPort(text string) bool {
	m := regexp.MustCompile(`^(?:([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}))|\[([0-9A-Fa-f:.]{2,45})\])(?::([0-9]{1,5}))?$`).FindStringSubmatch(text)
	if m == nil {
		return false
	}
	if m[2] != "" {
		if address, err := netip.ParseAddr(m[2]); err != nil || !address.Is6() {
			return false
		}
	}
	if m[3] == "" {
		return true
	}
	port, err := strconv.Atoi(m[3])
	return err == nil && port > 0 && port < 1<<16
}
