package world

import (
	"slices"
	"time"
)

// ChatStatus is where a chat with a visitor of a website stands.
type ChatStatus string

// The statuses of a chat. The first six are those of an open one.
const (
	// ChatForm is a visitor who fills in the form before the chat.
	ChatForm ChatStatus = "form"
	// ChatFAQ is one who is shown answers to questions that others had.
	ChatFAQ ChatStatus = "faq"
	// ChatOffline is one who is asked to leave a message, as nobody is there.
	ChatOffline ChatStatus = "offline form"
	// ChatWaiting is one in the queue.
	ChatWaiting ChatStatus = "waiting"
	// ChatOwed is a chat whose visitor wrote last, ChatAnswered one whose agent or
	// bot did.
	ChatOwed     ChatStatus = "owed"
	ChatAnswered ChatStatus = "answered"
	// ChatFinished is one that is over, but may be taken up again.
	ChatFinished ChatStatus = "finished"
	// ChatDeleted is one that is to be cleaned away.
	ChatDeleted ChatStatus = "deleted"
	ChatClosed  ChatStatus = "closed"
	// ChatPosted is one that became a request.
	ChatPosted ChatStatus = "posted"
	// ChatLeft is one whose visitor did not wait any longer.
	ChatLeft ChatStatus = "left"
)

// Open tells whether a chat of this status is open.
func (s ChatStatus) Open() bool { return s.arriving() || s == ChatWaiting || s.ongoing() }

func (s ChatStatus) arriving() bool { return s == ChatForm || s == ChatFAQ || s == ChatOffline }

func (s ChatStatus) ongoing() bool { return s == ChatOwed || s == ChatAnswered }

// Notice is what a record of a chat tells that is not just a message.
type Notice string

// The notices of a chat; most are of the system, Welcome and Link are messages.
const (
	NoticeNone     Notice = ""
	NoticeWelcome  Notice = "welcome"
	NoticeLink     Notice = "link"
	NoticeMoved    Notice = "moved"
	NoticeDeleted  Notice = "deleted"
	NoticeRejected Notice = "rejected"
	NoticeReopened Notice = "reopened"
	// NoticeByAgent, NoticeByVisitor and NoticeByIdle tell who ended a chat.
	NoticeByAgent   Notice = "ended by the agent"
	NoticeByVisitor Notice = "ended by the visitor"
	NoticeByIdle    Notice = "ended by idleness"
	// NoticeOptions is a bot's message that gives a choice.
	NoticeOptions Notice = "options"
)

// ChatSide is who wrote in a chat.
type ChatSide uint8

// The sides of a chat.
const (
	ChatVisitor ChatSide = iota
	ChatAgent
	ChatBot
	ChatSystem
)

// ChatMessage is one record of a chat.
type ChatMessage struct {
	ID   int64
	Chat int64
	At   time.Time
	Side ChatSide
	// Number is the extension of the agent who wrote it, if one did.
	Number string
	Notice Notice
	// Read tells that the visitor has read it. His own are read.
	Read bool
}

// Chat is one chat with one visitor. The desk hands out copies.
type Chat struct {
	ID      int64
	TopicID int
	// Visitor is who asks: texts that are marked canaries.
	Visitor Visitor
	Status  ChatStatus
	// Bot tells that a chatbot has it.
	Bot bool
	// Agent is the number of the agent who has it, OfferedTo that of a colleague
	// whom he asks to take it over.
	Agent, OfferedTo string
	// Requested is when the visitor came, Entered when he came into the queue the
	// last time, Started when he was picked up the first time, Ended when it was
	// over. Idle is the time of the last message of anybody, and Fetched when the
	// visitor's browser asked for news.
	Requested, Entered, Started, Ended, Idle, Fetched time.Time
	// Place is the visitor's place in the queue when he came; 1 is the next one.
	Place int
	// Rank is the smallest number from 1 on that no other chat of the agent has.
	Rank int
	// Alert is 1 once the agents were warned of a visitor who waits, 2 once the
	// managers were.
	Alert int
	// Rating is 1 to 5 stars; 0 without.
	Rating int
	// Request is the number of the request that it became; 0 without.
	Request int64
	// First and Last are the ids of the first and last message; 0 without.
	First, Last int64
}

// Visitor is who chats.
type Visitor struct {
	Name, Email, Phone, Company, Host, Key string
}

// Topic is what visitors ask about: the queue that they wait in.
type Topic struct {
	ID                int
	Name, Description string
	// Members are the numbers of the agents who answer.
	Members []string
	// Bot tells that a chatbot receives the visitors.
	Bot bool
	// Start is what visitors come upon first: ChatForm, ChatFAQ or, by default,
	// ChatWaiting.
	Start ChatStatus
	// Hours are when somebody is there; nil means always.
	Hours *Hours
	// WarnNew and WarnMessage are after how long the agents are warned of a new
	// visitor and of a message that nobody answers; those of the managers follow.
	// 0 means never.
	WarnNew, WarnNewManager, WarnMessage, WarnMessageManager time.Duration
	// OfflineAfter and OfflineLength are the time in the queue and its length from
	// which on a visitor is asked to leave a message; 0 means never.
	OfflineAfter  time.Duration
	OfflineLength int
	// LastAccept is when a visitor was picked up last, AcceptTime how long they
	// had to wait on average.
	LastAccept time.Time
	AcceptTime time.Duration

	accepts int
}

func (t *Topic) copy() Topic {
	c := *t
	c.Members = slices.Clone(t.Members)
	if t.Hours != nil {
		hours := *t.Hours
		c.Hours = &hours
	}
	return c
}

// Span is a part of a day, from one time after midnight to another.
type Span struct{ From, To time.Duration }

func (s Span) holds(d time.Duration) bool { return d >= s.From && d < s.To }

// Hours are when a topic is open, by the days of the week from Sunday on.
type Hours struct {
	Days [7]Span
	// Lunch is a break on each day.
	Lunch Span
}

func (h *Hours) open(at time.Time) bool {
	if h == nil {
		return true
	}
	since := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute + time.Duration(at.Second())*time.Second
	return h.Days[at.Weekday()].holds(since) && !h.Lunch.holds(since)
}

// Attendance is an agent as those see him who hand out chats.
type Attendance struct {
	Agent Agent
	// Present tells that he takes chats.
	Present bool
	// Ongoing is how many chats he has.
	Ongoing int
	// Topics are the ids of the topics that he answers.
	Topics []int
}
