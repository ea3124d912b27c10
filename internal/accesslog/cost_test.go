package accesslog

import (
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func TestFormattingAllocatesNothing(t *testing.T) {
	for _, name := range []string{"json", "combined", "common"} {
		f, err := newFormat(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		r, b := sample(), make([]byte, 0, 4096)
		if n := testing.AllocsPerRun(1000, func() { b = f(b[:0], r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestWriteAllocatesNothing(t *testing.T) {
	l := open(t, Options{Output: "/dev/null"})
	r := sample()
	if n := testing.AllocsPerRun(5000, func() { l.Write(r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// everyday is the record of an ordinary request of a browser.
func everyday() *Record {
	return &Record{
		Time: time.Date(2026, 3, 9, 7, 5, 4, 98765432, time.UTC), ID: "4d8c5fb39ac5b3c1f1f6c2f0a6cf7a51",
		Listener: "front", Route: "portal", Pool: "app", Backend: "b2", Affinity: "hit",
		Attempts: []Attempt{{"b2", 1520 * time.Microsecond, "ok"}},
		End:      "ok", Client: "192.0.2.7", Method: "GET", Host: "www.example.org", Path: "/portal/view/index.html", Query: "x=1&y=2",
		Proto: "HTTP/1.1", Status: 200, BytesOut: 872,
		Duration: 1756 * time.Microsecond, Header: 1522 * time.Microsecond,
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Referer: "https://www.example.org/portal/",
	}
}

func BenchmarkLogLine(b *testing.B) {
	for _, name := range []string{"json", "combined"} {
		b.Run(name, func(b *testing.B) {
			f, err := newFormat(name, nil)
			if err != nil {
				b.Fatal(err)
			}
			r, line := everyday(), make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				// Times of requests are never the same.
				r.Time = r.Time.Add(100 * time.Microsecond)
				line = f(line[:0], r)
			}
			b.SetBytes(int64(len(line)))
		})
	}
}

func BenchmarkLogWrite(b *testing.B) {
	for name, output := range map[string]string{"file": filepath.Join(b.TempDir(), "access.log"), "null": "/dev/null"} {
		b.Run(name, func(b *testing.B) {
			l, err := Open(Options{Output: output, Queue: 1 << 20, QueueBytes: 1 << 28})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				r := everyday()
				for n := 0; pb.Next(); n++ {
					if n%100 == 0 {
						runtime.Gosched() // as a request does, which waits for a client now and then
					}
					l.Write(r)
				}
			})
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(l.Dropped())/float64(b.N), "dropped/op")
		})
	}
}
