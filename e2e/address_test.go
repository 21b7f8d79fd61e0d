package e2e

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// Connections get their own ports from the system, on Linux from 32768 on, and could take
// one there between the look whether it is free and the start of the program for which it
// is. The ports below are taken by nobody who was not told to.
const firstPort, endOfPorts = 20000, 32768

// freeAddress is an address that nobody listens on, and that nobody else is given before
// the test ends: the same port of UDP is held for it. A program that dies finds it free
// when it comes back, and one that is to be dead stays so.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(endOfPorts-firstPort)))
		var config net.ListenConfig
		held, err := config.ListenPacket(t.Context(), "udp", address)
		if err != nil {
			continue
		}
		listener, err := config.Listen(t.Context(), "tcp", address)
		if err == nil {
			err = listener.Close()
		}
		if err != nil {
			held.Close()
			continue
		}
		t.Cleanup(func() { held.Close() })
		return address
	}
	t.Fatal("no port is free")
	return ""
}

// So many at once would soon be given one twice, were they not held: that two of 500 are
// the same is then all but certain.
func TestNoAddressIsGivenTwice(t *testing.T) {
	given := map[string]bool{}
	for range 500 {
		address := freeAddress(t)
		if given[address] {
			t.Fatalf("%s is given twice", address)
		}
		given[address] = true
		_, text, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if port, err := strconv.Atoi(text); err != nil || port < firstPort || port >= endOfPorts {
			t.Errorf("%s, %v: want a port from %d to %d", address, err, firstPort, endOfPorts-1)
		}
	}
}
