package config

import (
	"fmt"

	"conversation_exporter/conversation"
	"conversation_exporter/source/superoffice"
	"conversation_exporter/source/yeastar"
)

// Open makes the source of the target's system. It opens no connection.
func (t Target) Open(rt Runtime) (conversation.Source, error) {
	source, err := t.system().open(t, rt)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", t.Name, err)
	}
	return source, nil
}

// open implements system.
func (b *yeastarBlock) open(t Target, rt Runtime) (conversation.Source, error) {
	return yeastar.New(b.options(t, rt))
}

// open implements system.
func (b *superofficeBlock) open(t Target, rt Runtime) (conversation.Source, error) {
	return superoffice.New(b.options(t, rt))
}
