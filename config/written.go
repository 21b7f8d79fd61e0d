package config

import (
	"os"
	"path/filepath"

	promconfig "github.com/prometheus/common/config"

	"conversation_exporter/source/yeastar"
)

// checkTokenFile notes a file that cannot keep tokens, and returns its path. The
// path is not shown: it might be a secret under the wrong key.
func checkTokenFile(path, dir string, p place) string {
	if path == "" {
		p.fail("must not be empty")
		return path
	}
	path = filepath.Clean(promconfig.JoinDir(dir, path))
	p.report.writes = append(p.report.writes, use{p, path})
	if err := yeastar.CheckTokenFile(path); err != nil {
		p.failCause(err, "%v; relative paths begin at the directory of this file", err)
	}
	return path
}

// checkWritten notes files that are written and that another key names too: one
// target would overwrite what the other needs, or a secret.
func (r *report) checkWritten() {
	for i, w := range r.writes {
		if sameFile(w.path, r.file) {
			w.at.fail("is this configuration itself; name a file of its own, which the exporter may replace")
		}
		for _, other := range r.writes[:i] {
			if sameFile(w.path, other.path) {
				w.at.fail("is the file of %s too; give each target a file of its own", other.at.path)
			}
		}
		for _, other := range r.reads {
			if sameFile(w.path, other.path) {
				w.at.fail("is the file of %s, which would be overwritten; name a file of its own", other.at.path)
			}
		}
	}
}

// sameFile reports whether two paths lead to one file, or would.
func sameFile(a, b string) bool {
	first, errA := os.Stat(a)
	second, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(first, second)
	}
	return resolved(a) == resolved(b)
}

// resolved is a path whose directory holds no link any more.
func resolved(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		path = whole
	}
	dir, name := filepath.Split(path)
	if linked, err := filepath.EvalSymlinks(dir); err == nil {
		dir = linked
	}
	return filepath.Join(dir, name)
}
