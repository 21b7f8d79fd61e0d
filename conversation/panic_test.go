package conversation

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// caught returns what a panic is turned into.
func caught(f func()) (err *PanicError) {
	defer func() { err = NewPanicError("testing", recover()) }()
	f()
	return nil
}

func raise(n int) int {
	none := make([]int, 0)
	return none[n]
}

func TestLesson17PanicErrorShowsNothingOfTheValue(t *testing.T) {
	for name, tc := range map[string]struct {
		raise func()
		want  string
	}{
		"a text":                 {func() { panic("canary") }, "testing: a fault of the exporter: string"},
		"an error":               {func() { panic(errors.New("canary")) }, "testing: a fault of the exporter: *errors.errorString"},
		"one of the runtime":     {func() { raise(3) }, "testing: a fault of the exporter: runtime error: index out of range [3] with length 0"},
		"one of the runtime, %w": {func() { panic(fmt.Errorf("canary: %w", ErrPageLimit)) }, "testing: a fault of the exporter: *fmt.wrapError"},
	} {
		err := caught(tc.raise)
		if err.Error() != tc.want || strings.Contains(err.Error()+err.Stack, "canary") {
			t.Errorf("%s: %s\n%s", name, err, err.Stack)
		}
	}
}

// What is raised again in another goroutine still tells where it began.
func TestPanicErrorKeepsItsStack(t *testing.T) {
	first := caught(func() { raise(1) })
	if !strings.Contains(first.Stack, "conversation.raise") {
		t.Errorf("the stack does not name the place: %s", first.Stack)
	}
	if second := caught(func() { panic(first) }); second != first {
		t.Errorf("raised again: %v", second)
	}
}
