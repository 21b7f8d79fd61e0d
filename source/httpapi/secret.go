package httpapi

// secretMask is what every way of printing a Secret shows.
const secretMask = "<secret>"

// Secret is a text that cannot print itself: every verb of fmt and every
// encoder shows a mask. Only Reveal gives the text away, and only the code that
// puts it on the wire may call that.
type Secret struct{ text string }

// NewSecret wraps a secret text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal gives the text itself, for the request that needs it.
func (s Secret) Reveal() string { return s.text }

// Empty reports whether there is no text at all.
func (s Secret) Empty() bool { return s.text == "" }

// String implements fmt.Stringer with the mask.
func (Secret) String() string { return secretMask }

// GoString implements fmt.GoStringer with the mask, for %#v.
func (Secret) GoString() string { return secretMask }

// MarshalText implements encoding.TextMarshaler with the mask; JSON and logfmt
// encoders use it.
func (Secret) MarshalText() ([]byte, error) { return []byte(secretMask), nil }

// MarshalYAML gives YAML encoders the mask.
func (Secret) MarshalYAML() (any, error) { return secretMask, nil }
