package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

func open(t *testing.T, o Options) *Log {
	t.Helper()
	l, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // closed by the test already, or a failed test
	return l
}

// eventually polls until ok, for a generous time.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// ids reads a log of JSON lines and counts each request id in it. A line that
// is not whole fails the test.
func ids(t *testing.T, text io.Reader) map[string]int {
	t.Helper()
	seen := make(map[string]int)
	s := NewScanner(text)
	for {
		var r Record
		err := s.Next(&r)
		if errors.Is(err, io.EOF) {
			return seen
		}
		if err != nil {
			t.Fatal(err)
		}
		seen[r.ID]++
	}
}

func TestALineIsWrittenThoughNoMoreCome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	for _, o := range []Options{{Output: path}, {Output: path, Queue: 1, QueueBytes: 2000}} { // room that each line gives back
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		l := open(t, o)
		for n := range 10 {
			l.Write(sample())
			eventually(t, "the line in the file", func() bool { return l.Written() == uint64(n+1) })
			if text, err := os.ReadFile(path); err != nil || countLines(text) != n+1 {
				t.Errorf("%d lines of %d, %v", countLines(text), n+1, err)
			}
		}
	}
	if stat, err := os.Stat(path); err != nil || stat.Mode().Perm()&^0o640 != 0 {
		t.Errorf("mode %v, %v", stat.Mode(), err)
	}
}

func TestConcurrentWritersLoseAndMixNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l := open(t, Options{Output: path, Queue: 1 << 20})
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := sample()
			for n := range each {
				r.ID = fmt.Sprintf("%d-%d", w, n)
				l.Write(r)
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if seen := ids(t, f); len(seen) != writers*each {
		t.Errorf("%d of %d lines", len(seen), writers*each)
	}
	if l.Written() != writers*each || l.Dropped() != 0 {
		t.Errorf("written %d, dropped %d", l.Written(), l.Dropped())
	}
}

// fifo makes a named pipe and opens its reading end.
func fifo(t *testing.T) (path string, r *os.File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		proxytest.Skip(t, "no named pipes here: "+err.Error())
	}
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return path, r
}

func TestAReaderThatStopsCostsLinesAndNoTime(t *testing.T) {
	path, r := fifo(t)
	l := open(t, Options{Output: path, Queue: 100})
	const total = 5000
	rec := sample()
	for n := range total { // ends only because Write never waits
		rec.ID = strconv.Itoa(n)
		l.Write(rec)
	}
	// What is on its way is not yet written, and with a small pipe that is all
	// there is.
	eventually(t, "lines to be dropped", func() bool { return l.Dropped() > 0 })
	if l.Written()+l.Dropped()+100 < total {
		t.Fatal("lines are neither written, waiting nor dropped")
	}

	read := make(chan map[string]int)
	go func() { read <- ids(t, r) }()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	seen := <-read
	if got := uint64(len(seen)); got != l.Written() || got+l.Dropped() != total {
		t.Errorf("%d lines read, %d written, %d dropped of %d", got, l.Written(), l.Dropped(), total)
	}
}

func TestTheQueueIsBoundedInBytes(t *testing.T) {
	path, r := fifo(t)
	l := open(t, Options{Output: path, QueueBytes: 100_000})
	rec := sample()
	rec.Query = strings.Repeat("q", 10_000)
	for range 100 {
		l.Write(rec)
	}
	// 64 KiB are in the pipe, ten lines at most wait.
	if l.Dropped() < 100-10-7 {
		t.Errorf("dropped %d", l.Dropped())
	}
	_ = r.Close() // lets the log end at once
}

func TestCloseDoesNotWaitForAReaderThatStopped(t *testing.T) {
	path, r := fifo(t)
	l := open(t, Options{Output: path})
	const total = 1000
	for range total {
		l.Write(sample())
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	select {
	case <-l.ended:
	default:
		t.Error("the goroutine has not ended")
	}
	if n := len(idsRepeated(t, r)); uint64(n) != l.Written() || l.Written()+l.Dropped() != total {
		t.Errorf("%d lines read, %d written, %d dropped of %d", n, l.Written(), l.Dropped(), total)
	}
	l.Write(sample())
	if l.Written()+l.Dropped() != total+1 {
		t.Error("a line after Close is not counted")
	}
	if err := l.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// idsRepeated returns the ids in the order of the lines, whole lines only.
func idsRepeated(t *testing.T, text io.Reader) (seen []string) {
	t.Helper()
	s := NewScanner(text)
	var r Record
	for {
		switch err := s.Next(&r); {
		case errors.Is(err, io.EOF):
			return seen
		case err != nil:
			t.Fatal(err)
		}
		seen = append(seen, r.ID)
	}
}

func TestAFullDiskIsCountedAndReportedOnceASecond(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		proxytest.Skip(t, "no /dev/full here")
	}
	var mu sync.Mutex
	var events []error
	l := open(t, Options{Output: "/dev/full", Queue: 1, OnError: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, err)
	}})
	begin := time.Now()
	for n := range 50 {
		l.Write(sample())
		eventually(t, "the line to be given up", func() bool { return l.Dropped() == uint64(n+1) })
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l.Errors() < 2 || l.Written() != 0 {
		t.Errorf("%d errors, %d written", l.Errors(), l.Written())
	}
	mu.Lock()
	defer mu.Unlock()
	if len(events) < 2 || !errors.Is(events[0], syscall.ENOSPC) {
		t.Fatalf("events %v", events)
	}
	if most := 2 * (int(time.Since(begin)/time.Second) + 1); len(events) > most { // failures and drops
		t.Errorf("%d events, at most %d", len(events), most)
	}
}

func TestRotationUnderLoadLosesNoLine(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "access.log")
	l := open(t, Options{Output: path, Queue: 1 << 20})
	const writers, each, rotations = 4, 500, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := sample()
			for n := range each {
				r.ID = fmt.Sprintf("%d-%d", w, n)
				l.Write(r)
			}
		})
	}
	for n := range rotations {
		eventually(t, "some lines", func() bool { return l.Written() > uint64(n*writers*each/rotations/2) })
		if err := os.Rename(path, filepath.Join(dir, fmt.Sprintf("access.log.%d", n))); err != nil {
			t.Fatal(err)
		}
		if err := l.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != rotations+1 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	seen := make(map[string]int)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for id, n := range ids(t, bytes.NewReader(text)) { // each file holds whole lines
			seen[id] += n
		}
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s: %d times", id, n)
		}
	}
	if len(seen) != writers*each || l.Dropped() != 0 {
		t.Errorf("%d of %d lines, %d dropped", len(seen), writers*each, l.Dropped())
	}
}

func TestAFailedReopenGoesOnWithTheOldFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "access.log")
	l := open(t, Options{Output: path})
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err == nil || !strings.Contains(err.Error(), dir+" does not exist") {
		t.Errorf("got %v", err)
	}
	l.Write(sample())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir+".old", "access.log"))
	if err != nil || countLines(text) != 1 {
		t.Errorf("%d lines, %v", countLines(text), err)
	}
	if err := l.Reopen(); err == nil {
		t.Error("reopening without the folder worked")
	}
}

func TestReopenAfterCloseLeavesNothingOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "access.log")
	l := open(t, Options{Output: path})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Error(err)
	}
}

func TestOffWritesNothing(t *testing.T) {
	l := open(t, Options{Output: "off"})
	l.Write(sample())
	if l.Written() != 0 || l.Dropped() != 0 || l.Reopen() != nil || l.Close() != nil {
		t.Error("off does something")
	}
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		proxytest.Skip(t, "no named pipes here: "+err.Error())
	}
	for output, want := range map[string]string{
		filepath.Join(dir, "none", "a.log"): "the folder " + filepath.Join(dir, "none") + " does not exist",
		dir:                                 "is a directory",
		pipe:                                "nobody reads from this pipe",
	} {
		if _, err := Open(Options{Output: output}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", output, err)
		}
	}
	if _, err := Open(Options{Format: "apache", Output: filepath.Join(dir, "a.log")}); err == nil {
		t.Error("unknown format: accepted")
	}
	if _, err := os.Stat(filepath.Join(dir, "a.log")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a bad format made a file")
	}
}
