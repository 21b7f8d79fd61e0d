package superoffice

import (
	"errors"

	"conversation_exporter/conversation"
)

// What a scrape tells of an installation that works, and in which something should be
// changed. The check says the same.

// errNoDynamic is told where there are more sessions than are asked for in a pass.
var errNoDynamic = errors.New(noDynamic + ": " + noDynamicRemedy)

const (
	noDynamic       = "Archive/Dynamic cannot be used here, so who has a session is asked for session by session, a few in each pass"
	noDynamicRemedy = "let the user search tables by Archive/Dynamic, which saves requests"
)

// errNoTopics is what a user is told who may see nothing: each of his lists is empty, and
// all of it would pass for a quiet day.
var errNoTopics = partError(noTopics + ": " + noTopicsRemedy)

const (
	noTopics       = "the user is told no chat topic"
	noTopicsRemedy = "give the role of the user the rights to Service and to chat, or create a chat topic"
)

// partError says that the system told only a part, in words of its own.
type partError string

// Error implements error.
func (e partError) Error() string { return string(e) }

// Unwrap lets it pass for what it is.
func (partError) Unwrap() error { return conversation.ErrPart }

// topicless tells where there are no topics.
func (d *directory) topicless() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.topicsAt.IsZero() && len(d.topics) == 0 {
		return errNoTopics
	}
	return nil
}
