package yeastar

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"conversation_exporter/source/httpapi"
)

const (
	// tokenFormat is the version of what a token file holds; another one is not
	// read.
	tokenFormat = 1
	// maxTokenFile bounds what is read of a token file, maxKeptTimes how many of
	// the times in it count, and maxKeptToken how long a token in it may be.
	maxTokenFile = 64 << 10
	maxKeptTimes = 16
	maxKeptToken = 4 << 10
	// notPrivate are the bits of a mode by which others could read a token.
	notPrivate fs.FileMode = 0o077
)

// tokenFile keeps the tokens for the next start, since a program that crashes
// cannot give them back and the PBX allows 8. The times of failed sign-ins are
// kept too: the PBX counts them on, whoever restarts.
type tokenFile struct {
	path string
	// pbx and target are digests of whom failures and tokens belong to.
	pbx, target string
	// written is the digest of what was written last.
	written [sha256.Size]byte
	// problem is why the last write failed; the token serves all the same.
	mu      sync.Mutex
	problem error
}

// warnings tells of a file that does not protect from a crash loop.
func (t *tokens) warnings() []error {
	if t.file == nil {
		return nil
	}
	t.file.mu.Lock()
	defer t.file.mu.Unlock()
	if t.file.problem == nil {
		return nil
	}
	return []error{t.file.problem}
}

// newTokenFile makes the keeper of a file, or none where there is no path.
func newTokenFile(path, url, clientID string) *tokenFile {
	if path == "" {
		return nil
	}
	return &tokenFile{path: path, pbx: digestOf(url), target: digestOf(url, clientID)}
}

// digestOf makes a digest of texts that differs where any of them does.
func digestOf(texts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", texts))
	return hex.EncodeToString(sum[:])
}

// memory is what a token file holds.
type memory struct {
	Version int    `json:"version"`
	PBX     string `json:"pbx"`
	Target  string `json:"target"`
	// The tokens are no Secret here, which would encode itself as a mask.
	Access       string      `json:"access_token,omitempty"`
	Refresh      string      `json:"refresh_token,omitempty"`
	IssuedAt     time.Time   `json:"issued_at,omitzero"`
	AccessUntil  time.Time   `json:"access_until,omitzero"`
	RefreshUntil time.Time   `json:"refresh_until,omitzero"`
	Failures     []time.Time `json:"failures,omitempty"`
	Issued       []time.Time `json:"issued,omitempty"`
}

// Format implements fmt.Formatter with a mask, whatever the verb: nothing but
// the file may show a token.
func (memory) Format(f fmt.State, _ rune) {
	io.WriteString(f, "<token file>") //nolint:errcheck // fmt keeps what it is given.
}

// read returns what the file holds for this PBX. A file that is damaged,
// readable for others, or another's is as good as none.
func (f *tokenFile) read() (memory, bool) {
	m, ok := f.parse()
	if !ok || m.PBX != f.pbx {
		return memory{}, false
	}
	if m.Target != f.target || max(len(m.Access), len(m.Refresh)) > maxKeptToken {
		// Failures count by address, whatever the Client ID; tokens do not.
		m = memory{Failures: m.Failures}
	}
	return m, true
}

// parse returns what the file holds, whosever it is.
func (f *tokenFile) parse() (memory, bool) {
	info, err := os.Stat(f.path)
	if err != nil || !info.Mode().IsRegular() || info.Mode()&notPrivate != 0 {
		return memory{}, false
	}
	file, err := os.Open(f.path)
	if err != nil {
		return memory{}, false
	}
	defer file.Close() //nolint:errcheck // Nothing was written.
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile+1))
	if err != nil || len(text) > maxTokenFile {
		return memory{}, false
	}
	var m memory
	if json.Unmarshal(text, &m) != nil || m.Version != tokenFormat {
		return memory{}, false
	}
	return m, true
}

// store writes the memory, or removes the file where there is nothing to keep.
func (f *tokenFile) store(m memory) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.Access == "" && m.Refresh == "" && len(m.Failures)+len(m.Issued) == 0 {
		f.written, f.problem = [sha256.Size]byte{}, nil
		_ = os.Remove(freshName(f.path))
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			f.problem = fmt.Errorf("removing the token file: %w", err)
		}
		return
	}
	m.Version, m.PBX, m.Target = tokenFormat, f.pbx, f.target
	text, err := json.Marshal(m) //nolint:gosec // The file is where the tokens belong.
	if err != nil {
		f.problem = fmt.Errorf("writing the token file: %w", err)
		return
	}
	digest := sha256.Sum256(text)
	if digest == f.written {
		return
	}
	if f.problem = replaceFile(f.path, append(text, '\n')); f.problem == nil {
		f.written = digest
	}
}

// replaceFile puts a text in the place of a file at once: whoever reads it finds
// the old or the new text, also after the power was lost.
func replaceFile(path string, text []byte) error {
	fresh := freshName(path)
	// What lies there may be anybody's, so it is not written to.
	_ = os.Remove(fresh)
	f, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing the token file: %w", err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return fmt.Errorf("writing the token file: %w", err)
	}
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync() // Some file systems cannot; the text is whole without.
		_ = dir.Close()
	}
	return nil
}

// freshName is where a file is written before it takes its place. It is one
// name, so that crashes leave at most one such file behind.
func freshName(path string) string { return path + ".tmp" }

// CheckTokenFile reports why a file cannot keep tokens. There need not be one
// yet, but it must be possible to write it.
func CheckTokenFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("the file cannot be looked at: %w", bare(err))
	case !info.Mode().IsRegular():
		return errors.New("this is not a regular file; name one that may be created and replaced")
	case info.Mode()&notPrivate != 0:
		return errors.New("others may read or change this file, which holds a token; take their rights with chmod 600")
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".token_file-*.tmp")
	if err != nil {
		return fmt.Errorf("no file can be written in its directory: %w; make a directory that the exporter may write to", bare(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// bare is an error of the operating system without the path in it.
func bare(err error) error {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err
	}
	return err
}

// load takes over what the last run left, at the first use: a program that ends
// before it, as its address is taken by another one, must leave the file alone.
// The Source from which the file is taken over goes on with what it has, and
// leaves the file alone from then on. t.mu is held.
func (t *tokens) load(now time.Time) {
	if t.file == nil || t.loaded {
		return
	}
	t.loaded = true
	var (
		m  memory
		ok bool
	)
	t.guard.signIns.claim(t, func() { m, ok = t.file.read() })
	if !ok {
		return
	}
	t.guard.recall(m.Failures, m.Issued)
	if m.Access != "" && now.Before(m.AccessUntil) {
		access := httpapi.NewSecret(m.Access)
		if !t.guard.signIns.takeOver(t, t.handle(access), m.AccessUntil) {
			return
		}
		life := m.AccessUntil.Sub(m.IssuedAt)
		t.access, t.issuedAt, t.accessUntil = access, m.IssuedAt, m.AccessUntil
		t.renewAt = t.accessUntil.Add(-min(refreshBefore, life/4))
		t.inherited = true
	}
	if m.Refresh != "" && now.Before(m.RefreshUntil) {
		t.refresh, t.refreshUntil, t.issuedAt = httpapi.NewSecret(m.Refresh), m.RefreshUntil, m.IssuedAt
	}
}

// save writes down the tokens and what was tried. Only the sign-in under way
// calls it, so there is one at a time.
func (t *tokens) save() {
	t.beside.save(&t.guard)
	if t.file == nil {
		return
	}
	failures, issued := t.guard.counted()
	t.mu.Lock()
	m := memory{
		Access: t.access.Reveal(), Refresh: t.refresh.Reveal(), IssuedAt: t.issuedAt, AccessUntil: t.accessUntil, RefreshUntil: t.refreshUntil,
		Failures: failures, Issued: issued,
	}
	t.mu.Unlock()
	t.guard.signIns.whileKept(t, func() { t.file.store(m) })
}

// clear removes the tokens from the file once they are given back, unless it
// holds another's by now. The failures stay, as the PBX counts them on.
func (t *tokens) clear(access httpapi.Secret) error {
	t.mu.Lock()
	loaded := t.loaded
	t.mu.Unlock()
	if !loaded || t.file == nil {
		return nil
	}
	failures, _ := t.guard.counted()
	t.guard.signIns.whileKept(t, func() {
		if !t.file.anothers(access) {
			t.file.store(memory{Failures: failures})
		}
	})
	t.unclaim()
	return errors.Join(t.warnings()...)
}

// anothers reports whether the file holds what is not of the Source whose token
// this is: another process may have begun meanwhile.
func (f *tokenFile) anothers(access httpapi.Secret) bool {
	m, ok := f.parse()
	return ok && (m.PBX != f.pbx || m.Target != f.target || m.Access != "" && digestOfSecret(httpapi.NewSecret(m.Access)) != digestOfSecret(access))
}
