package superoffice

import (
	"encoding/json"
	"strings"
)

// columnNames are the columns of an archive, in lower case. What else the server
// tells of them is passed over.
type columnNames struct{ has map[string]bool }

// UnmarshalJSON implements json.Unmarshaler. The vendor shows a mapping from the
// names; one that stands below another key is found too.
func (c *columnNames) UnmarshalJSON(raw []byte) error {
	c.has = make(map[string]bool)
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(raw, &outer); err != nil {
		return err
	}
	for name, value := range outer {
		c.has[strings.ToLower(name)] = true
		var inner map[string]json.RawMessage
		if !strings.EqualFold(name, "value") && !strings.EqualFold(name, "columns") || json.Unmarshal(value, &inner) != nil {
			continue
		}
		for name := range inner {
			c.has[strings.ToLower(name)] = true
		}
	}
	return nil
}
