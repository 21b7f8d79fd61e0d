package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

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
func (r *reading) checkWritten() {
	configs := make([]identity, 0, len(r.files))
	var reads, writes []used
	for _, s := range r.files {
		configs = append(configs, identityOf(s.root.report.file))
		for _, u := range s.root.report.reads {
			reads = append(reads, used{u.at, identityOf(u.path)})
		}
		for _, u := range s.root.report.writes {
			writes = append(writes, used{u.at, identityOf(u.path)})
		}
	}
	for i, w := range writes {
		if slices.ContainsFunc(configs, w.file.same) {
			w.at.fail("is this configuration itself; name a file of its own, which the exporter may replace")
		}
		for _, other := range writes[:i] {
			if w.file.same(other.file) {
				w.at.fail("is the file of %s too; give each target a file of its own", other.at.seenFrom(w.at))
			}
		}
		for _, other := range reads {
			if w.file.same(other.file) {
				w.at.fail("is the file of %s, which would be overwritten; name a file of its own", other.at.seenFrom(w.at))
			}
		}
	}
}

// used is a file that a key names, and which one that is.
type used struct {
	at   place
	file identity
}

// seenFrom names a place in words for another one.
func (p place) seenFrom(other place) string {
	if p.report == other.report {
		return p.path
	}
	return fmt.Sprintf("%s (%s:%d)", p.path, p.report.file, p.line)
}

// identity tells which file a path leads to, or would. It is found out once for
// each path, as there may be many to compare.
type identity struct {
	info fs.FileInfo
	path string
}

// identityOf looks at a path.
func identityOf(path string) identity {
	info, _ := os.Stat(path) // Where there is no file yet, the path decides.
	return identity{info, resolved(path)}
}

// same reports whether two paths lead to one file, or would.
func (i identity) same(other identity) bool {
	if i.info != nil && other.info != nil {
		return os.SameFile(i.info, other.info)
	}
	return i.path == other.path
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
