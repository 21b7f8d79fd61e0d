package yeastar

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"conversation_exporter/conversation"
)

// channelUp is the status of a channel that is connected, channelLapsed that of one
// whose subscription is over; any other is not connected (vendor's page "Query
// Message Channel List").
const (
	channelUp     = "status_connect_succ"
	channelLapsed = "status_sub_invalid"
)

// Channels implements conversation.Source. The list is at most 10 minutes old, and
// never from before the PBX's last midnight, when its counts begin anew.
func (s *Source) Channels(ctx context.Context) ([]conversation.Channel, error) {
	s.mu.Lock()
	now := s.opts.Clock.Now()
	known, at, midnight := s.channels, s.channelsAt, s.midnight
	s.mu.Unlock()
	if !at.IsZero() && now.Before(at.Add(directoryLife)) && !dayBetween(at, now, midnight) {
		return known, nil
	}
	// Where nobody can sign in, that is told in the same words by all.
	if _, err := s.tokens.get(ctx); err != nil {
		return nil, err
	}
	list, err := pages(ctx, s, pathChannels, url.Values{"time_range": {"today"}}, listChannel)
	if err != nil {
		return nil, fmt.Errorf("listing the message channels: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.channels, s.channelsAt = list, now
	return list, nil
}

// listChannel is what the list of the channels is read by.
func listChannel(row *channelRow) (string, conversation.Channel, error) {
	return strconv.FormatInt(int64(row.ID), 10), row.channel(), nil
}

func (c *channelRow) channel() conversation.Channel {
	out := conversation.Channel{
		Kind: conversation.Label(string(c.Type)), Name: conversation.Label(string(c.Name)), Provider: conversation.Label(string(c.Provider)),
		Up: c.Status == channelUp, UpTold: c.Status != "", Lapsed: c.Status == channelLapsed,
	}
	if c.Sent.told && c.Delivered.told && c.Failed.told && c.Received.told {
		out.Today = &conversation.Traffic{Sent: c.Sent.n, Delivered: c.Delivered.n, Failed: c.Failed.n, Received: c.Received.n}
	}
	return out
}

// fullDay is the time between two midnights. On the two days a year that are longer or
// shorter the version is read again, and the midnight with it, within 10 minutes.
const fullDay = 24 * time.Hour

// dayBetween reports whether a midnight lies after one instant and not after
// another, where one midnight is known.
func dayBetween(from, to, midnight time.Time) bool {
	if midnight.IsZero() {
		return false
	}
	return floorDays(from.Sub(midnight)) != floorDays(to.Sub(midnight))
}

func floorDays(d time.Duration) int {
	n := int(d / fullDay)
	if d%fullDay < 0 {
		n--
	}
	return n
}

// clockFace finds the time of day in what the PBX tells of its own clock, whatever
// its administrator has chosen for the date.
var clockFace = regexp.MustCompile(`(?i)\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([ap])\.?m\b)?`)

// midnightOf tells when the day of the PBX ends, by its own word for the time and
// our clock when it came; zero where the word says nothing.
func midnightOf(systemTime string, at time.Time) time.Time {
	m := clockFace.FindStringSubmatch(systemTime)
	if m == nil {
		return time.Time{}
	}
	part := func(i int) int { n, _ := strconv.Atoi(m[i]); return n } // The pattern has digits there, or nothing.
	hour, minute, second := part(1), part(2), part(3)
	switch half := strings.ToLower(m[4]); {
	case half != "" && (hour < 1 || hour > 12), hour > 23, minute > 59, second > 60:
		return time.Time{}
	case half == "p":
		hour = hour%12 + 12
	case half == "a":
		hour %= 12
	}
	gone := time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second
	return at.Add(fullDay - gone)
}
