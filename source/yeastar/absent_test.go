package yeastar

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"conversation_exporter/conversation"
)

// What a PBX does not have is asked for every 10 minutes, unless the viewers depend
// on it; what it refuses is asked for each time.
func TestWhatAPBXDoesNotHaveIsAskedForSeldom(t *testing.T) {
	for name, tc := range map[string]struct {
		viewers Viewers
		code    string
		want    map[string]int
	}{
		"viewers by hand":       {Viewers{Extensions: []string{"1001"}}, "10001", map[string]int{pathQueueList: 2, pathExtensions: 2, pathChannels: 2}},
		"viewers of the queues": {Viewers{QueueMembers: true}, "10001", map[string]int{pathExtensions: 2, pathChannels: 2}},
		"viewers everywhere":    {Viewers{AllExtensions: true}, "10001", map[string]int{pathQueueList: 2, pathExtensions: 12, pathChannels: 2}},
		"what is refused":       {Viewers{AllExtensions: true}, "10005", map[string]int{pathExtensions: 12, pathChannels: 12}},
	} {
		t.Run(name, func(t *testing.T) {
			world := newPBX(t).World
			asked := make(map[string]int)
			stub := newStub(t, func(endpoint string, _ url.Values) string {
				asked[endpoint]++
				return `{"errcode":` + tc.code + `}`
			})
			s := stub.source(t, func(o *Options) { o.Clock, o.Viewers = world.Clock(), tc.viewers })
			for range 12 {
				_, queues := s.Queues(context.Background())
				_, agents := s.Agents(context.Background())
				_, channels := s.Channels(context.Background())
				for _, err := range []error{queues, agents, channels} {
					if err == nil || tc.code == "10001" && !errors.Is(err, conversation.ErrUnsupported) {
						t.Fatalf("errors %v, %v, %v", queues, agents, channels)
					}
				}
				world.Advance(time.Minute)
			}
			for endpoint, want := range tc.want {
				if asked[endpoint] != want {
					t.Errorf("%s was asked for %d times, want %d", endpoint, asked[endpoint], want)
				}
			}
		})
	}
}
