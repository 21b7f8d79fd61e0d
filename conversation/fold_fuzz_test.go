package conversation

import "testing"

// FuzzFold makes records and readings of bytes: whatever a system tells, a fold
// neither panics nor counts twice, and what it comes to is possible.
func FuzzFold(f *testing.F) {
	f.Add([]byte{}, []byte{})
	f.Add([]byte{1, 0x11, 0, 0, 0, 1, 0x12, 0x40, 9, 0}, []byte{0xff, 3, 2, 1, 0})
	f.Add([]byte{1, 0x03, 0, 0, 0, 1, 0x11, 0, 1, 0, 1, 0x12, 0x41, 9, 0, 2, 0x45, 0, 200, 0}, []byte{0x41, 4, 1, 90, 0, 0x49, 9, 3, 99, 200})
	f.Fuzz(func(t *testing.T, written, read []byte) {
		records, facts := recordsOf(written), Facts{}
		for len(read) >= 5 {
			seen, n := seenOf(read), min(int(read[1]), len(records))
			if err := sane(facts, records[:n], seen); err != nil {
				t.Fatal(err)
			}
			facts, read = Fold(facts, records[:n], seen).Settled, read[5:]
		}
	})
}

// recordsOf makes a record of every five bytes: how far its id lies from the one
// before, its kind and sender, what is true of it, and its time in quarters of
// an hour and seconds.
func recordsOf(data []byte) []Record {
	kinds := [...]Kind{KindMessage, KindMessage, KindMessage, KindQueued, KindTransferred, KindPickedUp, KindClosed, KindOther}
	senders := [...]Sender{"", SenderCustomer, SenderAgent, SenderBot, SenderAPI, SenderCustomer, SenderAgent, SenderCustomer}
	reasons := [...]CloseReason{ClosedByAgent, ClosedByCustomer, ClosedByTimeout, ClosedAsTicket}
	places := [...]Destination{ToUntold, ToQueue, ToAgent, ToAPI}
	var out []Record
	id := int64(0)
	for ; len(data) >= 5; data = data[5:] {
		id += int64(int8(data[0]) % 4) // Some come twice, or in the wrong order.
		flags := data[2]
		out = append(out, Record{
			ID: id, At: instant(int64(data[3])*900 + int64(data[4])), Kind: kinds[data[1]&7], Sender: senders[data[1]>>3&7],
			Human: flags&1 != 0, ByBot: flags&2 != 0, ToBot: flags&4 != 0, Template: flags&8 != 0,
			Delivery: Delivery(flags >> 4 & 3), To: places[flags>>6], Reason: reasons[flags>>6],
		})
	}
	return out
}

// seenOf makes a reading of five bytes: what is true of it, its listed message,
// its owner, its time and the end of its window, both in quarters of an hour.
func seenOf(data []byte) Seen {
	flags := data[0]
	now := instant(int64(data[3]) * 900)
	v := Seen{
		Told: flags&1 != 0, Auto: flags&2 != 0, Closed: flags&4 != 0, Campaign: flags&8 != 0, FromStart: flags&16 != 0,
		Listed: int64(data[1]), Owner: Owner(data[2] & 3), Now: now, ListedAt: now,
	}
	if flags&32 != 0 {
		v.Window = Window{Has: true, End: instant(int64(data[4]) * 900)}
	}
	return v
}
