package httpapi

import (
	"fmt"
	"io"
	"unique"
)

// secretMask is what every way of printing a Secret shows.
const secretMask = "<secret>"

// Secret is a text that cannot print itself: every verb of fmt and every
// encoder shows a mask. Only Reveal gives the text away, and only the code that
// puts it on the wire may call that. Secrets with the same text are equal.
type Secret struct {
	// text is a handle, since fmt looks past the methods of a value that is in
	// an unexported field or under a wrong verb: it then shows an address.
	text unique.Handle[string]
}

// NewSecret wraps a secret text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: unique.Make(text)}
}

// Reveal gives the text itself, for the request that needs it.
func (s Secret) Reveal() string {
	if s.Empty() {
		return ""
	}
	return s.text.Value()
}

// Empty reports whether there is no text at all.
func (s Secret) Empty() bool { return s == Secret{} }

// String implements fmt.Stringer with the mask.
func (Secret) String() string { return secretMask }

// Format implements fmt.Formatter with the mask, whatever the verb.
func (Secret) Format(f fmt.State, _ rune) {
	io.WriteString(f, secretMask) //nolint:errcheck // fmt keeps what it is given.
}

// MarshalText implements encoding.TextMarshaler with the mask; JSON and logfmt
// encoders use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }

// MarshalYAML gives YAML encoders the mask.
func (Secret) MarshalYAML() (any, error) { return secretMask, nil }
