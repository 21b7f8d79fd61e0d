package superoffice

import (
	"net/url"
	"slices"

	"conversation_exporter/source/httpapi"
)

// The calls that read the directory. Each judges its answer: an answer of other JSON than
// asked for would else read as if there were nothing.

// topicsAsked asks for all topics, also those that the user is no member of
// (vendor's page "chatchannel").
func topicsAsked(out *[]topicItem) asked {
	return asked{path: pathTopics, query: url.Values{"additional": {"notAll=True&listAll=True"}}, judge: func() httpapi.Verdict {
		if *out == nil || slices.ContainsFunc(*out, topicItem.nameless) {
			return odd(pathTopics, "the answer is no list of topics: check that url is the root of a SuperOffice installation")
		}
		return httpapi.Verdict{}
	}}
}

// nameless reports whether a topic, or one below it, has no number.
func (t topicItem) nameless() bool {
	_, told := t.ID.number()
	return !told || slices.ContainsFunc(t.Children, topicItem.nameless)
}

// topicAsked asks for the settings of a topic. The answer is null where there is none.
func topicAsked(id int64, out **topicEntity) asked {
	return asked{path: pathTopic, id: id, query: url.Values{
		"$select": {"ChatTopicId,Name,WarnNewChatMinutes,WarnManagerNewChatMinutes,WarnChatMessageMinutes,WarnManagerChatMessageMinutes"},
	}, judge: func() httpapi.Verdict {
		if *out != nil && (*out).ID.id() != id {
			return odd(pathTopic, "the answer is not the topic that was asked for")
		}
		return httpapi.Verdict{}
	}}
}

// openAsked asks whether a topic is within its opening hours.
func openAsked(id int64, out *scalar) asked {
	return asked{path: pathIsOpen, id: id, judge: func() httpapi.Verdict {
		if _, told := out.flag(); !told {
			return odd(pathIsOpen, "the answer is neither true nor false")
		}
		return httpapi.Verdict{}
	}}
}

// presenceAsked asks who is there.
func presenceAsked(out *[]presenceRow) asked {
	return asked{path: pathPresence, post: true, query: url.Values{"$select": {"UserId,DisplayName,Present,ChatTopics"}}, judge: func() httpapi.Verdict {
		if slices.ContainsFunc(*out, func(row presenceRow) bool { _, told := row.UserID.number(); return !told }) {
			return odd(pathPresence, "the answer is no list of users")
		}
		return httpapi.Verdict{}
	}}
}

// tellsNoPresence reports whether the server cannot tell who is there: it has no such
// method or answers null, which is how such methods say that there is nothing, and no
// list of nobody.
func tellsNoPresence(rows []presenceRow, err error) bool {
	return refusedWith(err, 404) || refusedWith(err, 405) || refusedWith(err, 501) || err == nil && rows == nil
}
