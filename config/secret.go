package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"

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
	text := n.Value
	if reference := regexp.MustCompile(`^\$\{([^}]*)\}$`).FindStringSubmatch(text); reference != nil {
		var ok bool
		if text, ok = r.fromEnvironment(reference[1], p); !ok {
			return ""
		}
	}
	text = cutNewline(text)
	if text == "" {
		p.fail("must not be empty")
	}
	return text
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
		return httpapi.NewSecret(text), nil
	}
}

// readSecret reads a secret file, less one newline at its end. What is no
// regular file is refused, as it could block or could not be read again.
func readSecret(path string) (string, error) {
	if err := checkFile(path); err != nil {
		return "", err
	}
	f, err := os.Open(path)
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
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("this is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkPath notes a file that cannot be read. The path is not shown: it might
// be a secret under the wrong key.
func checkPath(path string, p place, check func(string) error) {
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
