package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-kit/log"
	"go.yaml.in/yaml/v3"
)

// holder keeps secrets in every kind of place, also in those that fmt looks into
// without asking the value for its methods.
type holder struct {
	Open     Secret            `json:"open" yaml:"open"`
	Pointer  *Secret           `json:"pointer" yaml:"pointer"`
	List     []Secret          `json:"list" yaml:"list"`
	Map      map[string]Secret `json:"map" yaml:"map"`
	Key      map[Secret]int    `json:"key" yaml:"key"`
	Any      any               `json:"any" yaml:"any"`
	hidden   Secret
	deep     []map[string]Secret
	embedded struct{ secret Secret }
}

func newHolder(s Secret) *holder {
	return &holder{
		Open: s, Pointer: &s, List: []Secret{s}, Map: map[string]Secret{"a": s}, Key: map[Secret]int{s: 1}, Any: s,
		hidden: s, deep: []map[string]Secret{{"a": s}}, embedded: struct{ secret Secret }{s},
	}
}

// TestLesson02NoVerbPrintsASecret tries every letter as a verb, alone and with
// every flag.
func TestLesson02NoVerbPrintsASecret(t *testing.T) {
	s := NewSecret(canary)
	values := map[string]any{"itself": s, "pointer": &s, "list": []Secret{s}, "map": map[string]Secret{"k": s}, "holder": newHolder(s), "copy": *newHolder(s)}
	for name, value := range values {
		for verb := 'A'; verb <= 'z'; verb++ {
			for _, flags := range []string{"", "+", "#", "-20.3", "0", " "} {
				checkTextNoCanary(t, fmt.Sprintf("%"+flags+string(verb), value))
			}
		}
		checkTextNoCanary(t, fmt.Sprint(value)+fmt.Sprintln(value))
		// A mistaken call must not leak either.
		for _, format := range []string{"no verb", "%", "%[2]v", "%*d", "%!"} {
			checkTextNoCanary(t, fmt.Sprintf(format, value))
		}
		if err := fmt.Errorf("%v %w", value, errors.ErrUnsupported); err != nil {
			checkNoCanary(t, err)
		}
		if got := fmt.Sprint(s) + s.String(); name == "itself" && got != "<secret><secret>" {
			t.Errorf("a secret prints as %q, want <secret> each time", got)
		}
	}
}

// TestLesson02NoEncoderPrintsASecret tries every encoder and logger that the
// project has.
func TestLesson02NoEncoderPrintsASecret(t *testing.T) {
	h := newHolder(NewSecret(canary))
	inJSON := func(v any) (string, error) {
		text, err := json.Marshal(v)
		return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text)), err
	}
	inYAML := func(v any) (string, error) {
		text, err := yaml.Marshal(v)
		return string(text), err
	}
	inText := func(any) (string, error) {
		text, err := h.Open.MarshalText()
		return string(text), err
	}
	logged := func(newLogger func(*bytes.Buffer) log.Logger) func(any) (string, error) {
		return func(v any) (string, error) {
			var b bytes.Buffer
			err := newLogger(&b).Log("open", h.Open, "pointer", h.Pointer, "holder", fmt.Sprint(v), "err", fmt.Errorf("with %v", v))
			return strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(b.String()), err
		}
	}
	structured := func(v any) (string, error) {
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("m", "open", h.Open, "holder", v) //nolint:forbidigo // The bridge to the toolkit hands values to slog.
		slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "open", h.Open, "holder", v) //nolint:forbidigo // The bridge to the toolkit hands values to slog.
		return b.String(), nil
	}
	encoders := map[string]func(any) (string, error){
		"JSON": inJSON, "YAML": inYAML, "text": inText, "slog": structured,
		"logfmt":   logged(func(b *bytes.Buffer) log.Logger { return log.NewLogfmtLogger(b) }),
		"log JSON": logged(func(b *bytes.Buffer) log.Logger { return log.NewJSONLogger(b) }),
	}
	for name, encode := range encoders {
		for _, v := range []any{h, *h, []any{h}, map[string]any{"h": h}} {
			text, err := encode(v)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.Contains(text, "<secret>") {
				t.Errorf("%s: the mask is not in %s", name, text)
			}
			checkTextNoCanary(t, text)
		}
	}
}

func TestSecretRevealsItsText(t *testing.T) {
	for _, text := range []string{canary, " ", "\x00\xff", "<secret>"} {
		s := NewSecret(text)
		if s.Reveal() != text || s.Empty() {
			t.Errorf("the secret of %q reveals %q and is empty: %t", text, s.Reveal(), s.Empty())
		}
		if other := NewSecret(strings.Clone(text)); s != other {
			t.Errorf("two secrets of %q are not equal", text)
		}
		if s == NewSecret(text+"x") {
			t.Errorf("the secrets of %q and of another text are equal", text)
		}
	}
}

// TestEmptySecret shows that no text is no text, however it came about, and
// that not even this shows.
func TestEmptySecret(t *testing.T) {
	var zero Secret
	for name, s := range map[string]Secret{"zero": zero, "made": NewSecret("")} {
		if !s.Empty() || s.Reveal() != "" || s != zero {
			t.Errorf("%s: an empty secret is empty: %t, reveals %q, equals the zero value: %t", name, s.Empty(), s.Reveal(), s == zero)
		}
		if got := fmt.Sprintf("%v %#v %s", s, s, s); got != "<secret> <secret> <secret>" {
			t.Errorf("%s: an empty secret prints as %q", name, got)
		}
	}
}
