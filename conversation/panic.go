package conversation

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
)

// PanicError is a panic that was contained: a fault of the exporter, not of the
// system that it reads. Its text holds nothing of the panic's value, which may
// be anything, unless the runtime itself raised it.
type PanicError struct {
	// Doing is what was being done.
	Doing string
	// Stack is where it happened.
	Stack string
	kind  string
}

// NewPanicError makes a PanicError of what recover returned; it must be called by the
// deferred function itself, so that the stack is that of the panic. One that
// was raised again keeps its own stack.
func NewPanicError(doing string, recovered any) *PanicError {
	err, isError := recovered.(error)
	var fault *PanicError
	if isError && errors.As(err, &fault) {
		return fault
	}
	fault = &PanicError{Doing: doing, Stack: string(debug.Stack()), kind: fmt.Sprintf("%T", recovered)}
	var own runtime.Error
	if isError && errors.As(err, &own) {
		fault.kind = own.Error()
	}
	return fault
}

// Error implements error.
func (f *PanicError) Error() string { return f.Doing + ": a fault of the exporter: " + f.kind }
