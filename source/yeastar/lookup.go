package yeastar

import (
	"context"

	"conversation_exporter/conversation"
)

// Lookup implements conversation.Source: the PBX tells of a session only as a part
// of somebody's list.
func (s *Source) Lookup(context.Context, []int64) ([]conversation.Session, error) {
	return nil, conversation.ErrUnsupported
}
