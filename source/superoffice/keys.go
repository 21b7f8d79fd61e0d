package superoffice

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"conversation_exporter/source/httpapi"
)

const (
	// modulusMost bounds the keys by which a signature is verified, in bits, and
	// keysMost their number: the time that it takes grows with both, and nothing can
	// end it early.
	modulusMost = 8192
	keysMost    = 100
)

// published is the set of keys that an environment publishes.
type published struct {
	Keys []map[string]json.RawMessage
}

// small reports whether none of the keys takes long to verify by. What is no set of
// keys is not judged here.
func (p published) small() bool {
	const sixBits = 6 // in a letter of Base64
	if len(p.Keys) > keysMost {
		return false
	}
	for _, key := range p.Keys {
		for name, value := range key {
			if strings.EqualFold(name, "n") && len(bytes.Trim(value, `"=`)) > (modulusMost+sixBits-1)/sixBits {
				return false
			}
		}
	}
	return true
}

// boundKeys gives the error that keys end with which would take too long to verify by;
// else the answer can be read as before.
func boundKeys(resp *http.Response) *httpapi.Error {
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return &httpapi.Error{Endpoint: pathOpenIDKeys, Reason: httpapi.ReasonConnection, Sent: true, Text: "the answer could not be read"}
	}
	resp.Body = io.NopCloser(bytes.NewReader(text))
	var set published
	if json.Unmarshal(text, &set) == nil && !set.small() {
		return &httpapi.Error{Endpoint: pathOpenIDKeys, Reason: httpapi.ReasonDecode, Sent: true, Text: "the keys are larger, or more, than those of a signature should be, and nothing is verified by them: check whether a proxy is in between"}
	}
	return nil
}
