package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	promconfig "github.com/prometheus/common/config"
	"go.yaml.in/yaml/v3"

	"conversation_exporter/source/httpapi"
)

// maxSecretBytes bounds what is read of a secret file.
const maxSecretBytes = 64 << 10

// secretReader takes the text of secret keys from a file's nodes.
type secretReader struct {
	expand    bool
	lookupEnv func(string) (string, bool)
}

// value is the text of a secret, from the environment where the file says so.
func (r secretReader) value(n *yaml.Node, p place) string {
	if n.Kind != yaml.ScalarNode {
		p.fail("must be a single text")
		return ""
	}
	text := cutNewline(n.Value)
	if reference := regexp.MustCompile(`^\$\{([^}]*)\}$`).FindStringSubmatch(text); reference != nil {
		var ok bool
		if text, ok = r.fromEnvironment(reference[1], p); !ok {
			return ""
		}
		text = cutNewline(text)
	}
	if text == "" {
		p.fail("must not be empty")
	}
	return text
}

// clientSecret is the text of the secret that signs in. What the PBX could only
// refuse is refused here, as it blocks an address after a few failed sign-ins.
func (r secretReader) clientSecret(n *yaml.Node, p place) string {
	written := cutNewline(n.Value)
	switch {
	case n.Kind != yaml.ScalarNode:
	case regexp.MustCompile(`^\$[A-Za-z_][A-Za-z0-9_]*$`).MatchString(written):
		p.fail("looks like $NAME, which is not expanded; write ${NAME} and start with --config.expand-environment-variables, or put the secret in a file")
	case regexp.MustCompile(`(?s)\$\{[^}]*\}.|.\$\{[^}]*\}`).MatchString(written):
		p.fail("has ${NAME} beside other text or white space, which is not expanded; the whole value must be ${NAME}, or put the secret in a file")
	}
	text := r.value(n, p)
	if flaw := flawOf(text); flaw != "" {
		p.fail("the secret %s", flaw)
	}
	return text
}

// flawOf is why a text cannot be a credential, without the text itself; it is
// empty where nothing is wrong. Editors and the clipboard leave such things, and
// nobody sees them.
func flawOf(text string) string {
	switch {
	case !utf8.ValidString(text):
		return "is not UTF-8; save it as UTF-8"
	case strings.ContainsRune(text, '\uFEFF'):
		return "holds a byte order mark (BOM); save it as UTF-8 without one"
	case text != "" && strings.TrimSpace(text) == "":
		return "is white space only; put the real one here"
	case strings.TrimSpace(text) != text:
		return "begins or ends with white space, such as a blank, a tab or one newline too many; remove it"
	case strings.ContainsFunc(text, unicode.IsControl):
		return "holds a control character, such as a tab or a newline; remove it"
	}
	return ""
}

// fromEnvironment is the value of an environment variable.
func (r secretReader) fromEnvironment(name string, p place) (string, bool) {
	if !r.expand {
		p.fail("has the form ${NAME}, which is not expanded; start with --config.expand-environment-variables, or put the secret in a file")
		return "", false
	}
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name) {
		p.fail("has the form ${NAME} with a name that no environment variable can have; use letters, digits and _")
		return "", false
	}
	text, ok := r.lookupEnv(name)
	if !ok {
		p.fail("the environment variable %s is not set", name)
	}
	return text, ok
}

// fileSecret reads the secret anew each time, so that a file that was replaced
// counts from the next sign-in on.
func fileSecret(path string) func() (httpapi.Secret, error) {
	return func() (httpapi.Secret, error) {
		text, err := readSecret(path)
		if err != nil {
			return httpapi.Secret{}, fmt.Errorf("reading the secret file %s: %w", path, reason(err))
		}
		if flaw := flawOf(text); flaw != "" {
			return httpapi.Secret{}, fmt.Errorf("reading the secret file %s: the secret %s", path, flaw)
		}
		return httpapi.NewSecret(text), nil
	}
}

// secretOf gives a secret that is written in the configuration, or in a file.
func secretOf(value httpapi.Secret, file string) func() (httpapi.Secret, error) {
	if file != "" {
		return fileSecret(filepath.Clean(file))
	}
	return func() (httpapi.Secret, error) { return value, nil }
}

// fileKey reads a private key anew each time. Unlike other secrets it has lines.
func fileKey(path string) func() (httpapi.Secret, error) {
	return func() (httpapi.Secret, error) {
		text, err := readSecret(path)
		if err != nil {
			return httpapi.Secret{}, fmt.Errorf("reading the private key file %s: %w", path, reason(err))
		}
		return httpapi.NewSecret(text), nil
	}
}

// checkSecret notes it unless a block has exactly one of a secret and the file that
// holds it, and a file that has none that could sign in. It returns the path.
func checkSecret(p place, dir, key, file string) string {
	valued, filed := p.has(key), p.has(key+"_file")
	at := p.key(key + "_file")
	switch {
	case valued && filed:
		at.fail("stands beside %s; keep only one of the two", key)
	case !valued && !filed:
		at.fail("is missing; put the %s in a file and name the file here", secretName(key))
	case filed && file == "":
		at.fail("must not be empty")
	case filed:
		file = promconfig.JoinDir(dir, file)
		var text string
		checkPath(file, at, func(path string) (err error) {
			text, err = readSecret(path)
			return err
		})
		if flaw := flawOf(text); flaw != "" {
			at.fail("the secret %s", flaw)
		}
	}
	return file
}

// secretName is what people call the secret of a key.
func secretName(key string) string {
	if key == "client_secret" {
		return "Client Secret"
	}
	return strings.ReplaceAll(key, "_", " ")
}

// readSecret reads a secret file, less one newline at its end. What is no
// regular file is refused, as it could block or could not be read again.
func readSecret(path string) (string, error) {
	f, err := openFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // Nothing was written.
	text, err := io.ReadAll(io.LimitReader(f, maxSecretBytes+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxSecretBytes:
		return "", errors.New("the file is too long for a secret")
	case cutNewline(string(text)) == "":
		return "", errors.New("the file is empty")
	}
	return cutNewline(string(text)), nil
}

// checkFile reports why a file cannot be read.
func checkFile(path string) error {
	f, err := openFile(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// openFile opens a regular file to read it, also by a link. It looks before it
// opens, as opening a device may do something, and again at what it has opened: a
// pipe may have taken the place of the file, and must not make it wait.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errIrregular
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errIrregular
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// errIrregular is what a pipe, a directory or a device is refused with.
var errIrregular = errors.New("this is not a regular file")

// checkPath notes a file that cannot be read. The path is not shown: it might
// be a secret under the wrong key.
func checkPath(path string, p place, check func(string) error) {
	p.report.reads = append(p.report.reads, use{p, path})
	if err := check(path); err != nil {
		p.failCause(reason(err), "the file cannot be used: %v; relative paths begin at the directory of this file", reason(err))
	}
}

// reason is an error of the operating system without the path in it.
func reason(err error) error {
	var withPath *fs.PathError
	if errors.As(err, &withPath) {
		return withPath.Err
	}
	return err
}

// cutNewline removes one newline at the end, which editors and echo put there.
func cutNewline(text string) string {
	if cut, ok := strings.CutSuffix(text, "\n"); ok {
		return strings.TrimSuffix(cut, "\r")
	}
	return text
}
