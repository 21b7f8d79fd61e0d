package yeastar

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// endless is a PBX whose numbered lists never end: each page has 100 new rows,
// made by row of their numbers.
func endless(t *testing.T, total int, row func(n int) string) *stub {
	t.Helper()
	return newStub(t, func(endpoint string, query url.Values) string {
		if endpoint != pathExtensions && endpoint != pathQueueList && endpoint != pathChannels {
			return `{"errcode":0}`
		}
		page, _ := strconv.Atoi(query.Get("page"))
		list := make([]string, 0, directoryPage)
		for i := range directoryPage {
			list = append(list, row((page-1)*directoryPage+i+1))
		}
		return fmt.Sprintf(`{"errcode":0,"total_number":%d,"list":[%s]}`, total, strings.Join(list, ","))
	})
}

// A list has an end, whatever the PBX announces, and nobody's memory is filled by
// one that has none.
func TestAListOfTooManyRowsIsRefused(t *testing.T) {
	const told = "the list has more than 20000 rows, which no PBX has: check that url is a P-Series PBX"
	for _, total := range []int{0, mostRows, mostRows + 1, 2_000_000_000} {
		stub := endless(t, total, func(n int) string { return fmt.Sprintf(`{"id":%d,"number":"%d"}`, n, n) })
		s := stub.source(t, nil)
		_, queues := s.Queues(context.Background())
		_, channels := s.Channels(context.Background())
		extensions, err := s.dir.allExtensions(context.Background())
		if total == mostRows {
			if channels != nil || err != nil || len(extensions) != mostRows {
				t.Errorf("a list of %d rows: %v, %v, %d extensions", total, channels, err, len(extensions))
			}
			continue
		}
		for _, err := range []error{queues, channels, err} {
			if err == nil || !strings.HasSuffix(err.Error(), "/list: "+told) {
				t.Errorf("%d announced: %v", total, err)
			}
		}
	}
}

// What is not needed of a row is not kept while the pages are read.
func TestOnlyWhatIsNeededOfARowIsKept(t *testing.T) {
	const listed = 1_000
	name := strings.Repeat("n", 40_000)
	var last uint64
	stub := endless(t, listed, func(n int) string {
		if n == listed-directoryPage+1 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			last = m.HeapAlloc
		}
		return fmt.Sprintf(`{"number":"%d","caller_id_name":"%s"}`, n, name)
	})
	_, err := stub.source(t, nil).dir.allExtensions(t.Context())
	must(t, err)
	// The rows before the last page have 36 MB of names, a page has 4 MB.
	if last > 28<<20 {
		t.Errorf("%d MB are in use at the last page", last>>20)
	}
}

func TestTooManyMembersAreRefused(t *testing.T) {
	members := strings.Repeat(`{"id":1,"extension_id":1,"ext_num":"1001"},`, 1_000)
	members = "[" + strings.TrimSuffix(members, ",") + "]"
	for queues, refused := range map[int]bool{100: false, 101: true} {
		s := newStub(t, func(endpoint string, query url.Values) string {
			var list []string
			switch endpoint {
			case pathQueueList:
				page, _ := strconv.Atoi(query.Get("page"))
				for id := (page-1)*directoryPage + 1; id <= min(queues, page*directoryPage); id++ {
					list = append(list, fmt.Sprintf(`{"id":%d}`, id))
				}
			case pathQueueQuery:
				// It also tells of a queue that nobody asked for.
				for _, id := range append(strings.Split(query.Get("ids"), ","), "9999") {
					list = append(list, `{"id":`+id+`,"members":`+members+`}`)
				}
			}
			return fmt.Sprintf(`{"errcode":0,"total_number":%d,"list":[%s]}`, queues, strings.Join(list, ","))
		}).source(t, nil)
		_, err := s.Queues(context.Background())
		if (err != nil) != refused || refused && !strings.Contains(err.Error(), "the queues have more than 100000 members") {
			t.Errorf("%d queues of 1000 members: %v", queues, err)
		}
	}
}

// A PBX may choose its ids anywhere.
func TestQueuesAreInTheOrderOfTheirIDs(t *testing.T) {
	ids := []int64{math.MaxInt64, math.MinInt64, -7, 3, math.MaxInt64 - 1}
	d := &directory{queues: make(map[int64]queueInfo)}
	for _, id := range ids {
		d.queues[id] = queueInfo{}
	}
	slices.Sort(ids)
	for range 10 {
		queues, err := d.list()
		must(t, err)
		got := make([]int64, 0, len(queues))
		for _, q := range queues {
			got = append(got, q.ID)
		}
		if !slices.Equal(got, ids) {
			t.Fatalf("queues %d, want %d", got, ids)
		}
	}
}
