package web

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails where any test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
