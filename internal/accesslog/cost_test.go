package accesslog

import (
	"path/filepath"
	"testing"
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

func TestWriteAllocatesAtMostOnce(t *testing.T) {
	l := open(t, Options{Output: "/dev/null"})
	r := sample()
	if n := testing.AllocsPerRun(5000, func() { l.Write(r) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkJSON(b *testing.B) { benchmarkFormat(b, "json") }

func BenchmarkCombined(b *testing.B) { benchmarkFormat(b, "combined") }

func benchmarkFormat(b *testing.B, name string) {
	b.Helper()
	f, err := newFormat(name, nil)
	if err != nil {
		b.Fatal(err)
	}
	r, line := sample(), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		line = f(line[:0], r)
	}
	b.SetBytes(int64(len(line)))
}

func BenchmarkWrite(b *testing.B) {
	l, err := Open(Options{Output: filepath.Join(b.TempDir(), "access.log"), Queue: 1 << 20, QueueBytes: 1 << 28})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		r := sample()
		for pb.Next() {
			l.Write(r)
		}
	})
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(l.Dropped())/float64(b.N), "dropped/op")
}
