package config

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
)

// reading is all that is read of a configuration: the main file, and the target
// files that it names.
type reading struct {
	opts Options
	// files begin with the main one; the others are in the order in which
	// target_files names them, those of one glob in the order of their names.
	files    []*configFile
	warnings []string
	// unmatched are the globs that no file matches.
	unmatched []place
}

// configFile is one file of a configuration.
type configFile struct {
	root  place
	block fileBlock
	// whole is false where the file could not be read or parsed, so that there is
	// nothing in it to check.
	whole bool
	// info tells the file from others, whatever their names; nil where the text
	// came from nowhere.
	info fs.FileInfo
}

// is reports whether the file is the one of that name; info may be nil.
func (f *configFile) is(name string, info fs.FileInfo) bool {
	if f.info != nil && info != nil {
		return os.SameFile(f.info, info)
	}
	return f.root.report.file == name
}

// add reads a text as the file of that name.
func (r *reading) add(name string, text []byte) *configFile {
	s := &configFile{root: newReport(name).root()}
	s.info, _ = os.Stat(name) // Without it, no other file is this one.
	r.files = append(r.files, s)
	if n, ok := document(text, s.root); ok {
		s.whole = true
		d := &decoder{secrets: secretReader{expand: r.opts.ExpandEnv, lookupEnv: r.opts.LookupEnv}}
		d.decode(n, s.root, reflect.ValueOf(&s.block).Elem())
	}
	return s
}

// addTargetFiles reads the files that the main file names. A file that several
// globs match is read once, and the main file is none of them.
func (r *reading) addTargetFiles() {
	main := r.files[0]
	at := main.root.key("target_files")
	if main.root.has("target_files") && len(main.block.TargetFiles) == 0 {
		at.fail("the list is empty; name files, such as targets/*.yml, or remove the key")
	}
	for i, pattern := range main.block.TargetFiles {
		item := at.index(i)
		if pattern == "" {
			item.fail("must not be empty")
		}
		if item.bad() {
			continue
		}
		names, err := glob(filepath.Dir(main.root.report.file), pattern)
		switch {
		case errors.Is(err, filepath.ErrBadPattern):
			item.fail("is not a glob: a [ may lack its ], or a \\ stand at the end")
		case err != nil:
			item.failCause(reason(err), "the files cannot be looked for: %v; globs begin at the directory of this file", reason(err))
		case len(names) == 0:
			r.unmatched = append(r.unmatched, item)
			r.warn(item, "no file matches this glob, so it adds no target; globs begin at the directory of this file")
		}
		for _, name := range names {
			r.addTargetFile(name, item)
		}
	}
}

// addTargetFile reads one file that a glob at the place matches.
func (r *reading) addTargetFile(name string, at place) {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		r.warn(at, "the glob matches the directory "+name+" too, which is skipped")
		return
	case slices.ContainsFunc(r.files, func(known *configFile) bool { return known.is(name, info) }):
		return
	}
	text, err := readConfig(name)
	if err != nil {
		s := &configFile{root: newReport(name).root(), info: info}
		s.root.report.unread().failCause(reason(err), "the file cannot be read: %v; target_files on line %d of %s matches it", reason(err), at.line, at.report.file)
		r.files = append(r.files, s)
		return
	}
	s := r.add(name, text)
	switch {
	case s.root.has("target_files"):
		s.root.key("target_files").add(nil, "a target file cannot name more files; move this key to %s", at.report.file)
	case !s.root.has("targets") && len(s.root.report.problems) == 0:
		s.root.key("targets").fail("is missing; a target file has the key targets, and no other")
	}
}

// maxConfigBytes bounds what is read of a file: 500 targets need less than a
// hundredth of it, and one that is endless must not take all memory.
const maxConfigBytes = 16 << 20

// readConfig reads a file of a configuration. What is no regular file is refused,
// as it could block.
func readConfig(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	text, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err == nil && len(text) > maxConfigBytes {
		return nil, fmt.Errorf("it is longer than %d MiB, which is too long for a configuration", maxConfigBytes>>20)
	}
	return text, err
}

// warn notes what is no mistake, but may not be meant.
func (r *reading) warn(at place, sentence string) {
	r.warnings = append(r.warnings, (&problem{file: at.report.file, line: at.line, path: at.path, sentence: sentence}).Error())
}

// check notes what is wrong beyond the form of each file.
func (r *reading) check() {
	targets, bad := 0, false
	for _, s := range r.files {
		if s.whole {
			s.block.check(s.root, checks{dir: filepath.Dir(s.root.report.file), collectors: r.opts.Collectors})
		}
		targets += len(s.block.Targets)
		bad = bad || len(s.root.report.problems) > 0
	}
	main := r.files[0]
	at := main.root.key("targets")
	switch {
	case targets > 0 || main.root.refused():
	case !main.root.has("target_files"):
		at.fail("there must be at least one target: a name, and below it the block of its system")
	case bad:
	case len(r.unmatched) > 0:
		for _, item := range r.unmatched {
			item.fail("no file matches this glob, and there is no target at all; globs begin at the directory of this file")
		}
	default:
		at.fail("there must be at least one target, here or in a file that target_files matches: a name, and below it the block of its system")
	}
	r.checkNames()
	r.checkWritten()
}

// checkNames notes targets whose name another file has given away before.
func (r *reading) checkNames() {
	first := map[string]place{}
	for _, s := range r.files {
		for _, name := range slices.Sorted(maps.Keys(s.block.Targets)) {
			at := s.root.key("targets").key(name)
			if other, twice := first[name]; twice {
				at.add(nil, "a target of this name stands in %s:%d too; rename or remove one of the two", other.report.file, other.line)
			} else if s.block.Targets.checkKey(name) == "" {
				first[name] = at
			}
		}
	}
}

// err joins the mistakes of all files; it is nil if there is none.
func (r *reading) err() error {
	var errs []error
	for _, s := range r.files {
		errs = append(errs, s.root.report.errs()...)
	}
	return errors.Join(errs...)
}

// config is what the files say, once they are known to be right.
func (r *reading) config() *Config {
	c := &Config{Warnings: r.warnings}
	for _, s := range r.files {
		c.Targets = append(c.Targets, s.block.targets()...)
	}
	slices.SortFunc(c.Targets, func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
	return c
}

// glob lists what a pattern matches that begins at a directory, in the order of
// the names. As in a shell, a wildcard matches no dot at the beginning of a name:
// editors and Kubernetes keep what is theirs under such names. The library's Glob
// takes a directory that cannot be read for an empty one, which would silently
// lose all targets in it, and the name of the directory for a part of the pattern.
func glob(dir, pattern string) ([]string, error) {
	found := []string{dir}
	if filepath.IsAbs(pattern) {
		found = []string{filepath.VolumeName(pattern) + string(filepath.Separator)}
		pattern = pattern[len(filepath.VolumeName(pattern)):]
	}
	parts := strings.Split(filepath.ToSlash(filepath.Clean(pattern)), "/")
	for _, part := range parts {
		if _, err := filepath.Match(part, ""); err != nil {
			return nil, err
		}
	}
	for _, part := range parts {
		var next []string
		for _, base := range found {
			names, err := namesLike(base, part)
			if err != nil {
				return nil, err
			}
			next = append(next, names...)
		}
		found = next
	}
	return found, nil
}

// namesLike lists the paths in a directory that one part of a pattern matches.
func namesLike(dir, part string) ([]string, error) {
	if !strings.ContainsAny(part, `*?[\`) {
		path := filepath.Join(dir, part)
		if _, err := os.Lstat(path); err != nil {
			return nil, unlessAbsent(err)
		}
		return []string{path}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, unlessAbsent(err)
	}
	var paths []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") && !strings.HasPrefix(part, ".") {
			continue
		}
		if ok, err := filepath.Match(part, e.Name()); err != nil {
			return nil, err
		} else if ok {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// unlessAbsent drops an error that only says that there is no such file.
func unlessAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	return err
}
