package accesslog

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Options for [Open]. The zero value writes JSON to standard output.
type Options struct {
	// Output is stdout (also when empty), stderr, off, syslog, or the path of
	// a file. A file is appended to and made with mode 0640; its folder must
	// exist.
	Output string
	// Format is json (also when empty), combined, common, or a name of Formats.
	Format string
	// Formats are templates by name: fixed text with ${key} for a value, $$
	// for a dollar sign. The keys are those of a JSON line, where attempts is
	// a number, and backends, request, time_ncsa and bytes_ncsa. Values are
	// escaped as in the combined format; an empty one is "-".
	Formats map[string]string
	// Queue is how many lines may wait for a slow output before further ones
	// are dropped; 0: 8192.
	Queue int
	// QueueBytes bounds the same queue in bytes, and so the memory that a
	// stuck output costs; 0: 16 MiB.
	QueueBytes int
	// OnError hears of failed writes and of dropped lines, at most once a
	// second. It is called from the goroutine that writes, which it holds up,
	// and must not call Close. nil: nobody does.
	OnError func(error)
}

// Log is an open access log. Use [Open] to get one.
type Log struct {
	path   string // "" when the output is no file
	format format
	lines  sync.Pool // of *[]byte
	queue  *queue    // nil: off
	output output    // used by the writer alone, but for interrupt
	events reporter
	errors atomic.Uint64
	ended  chan struct{} // closed by the writer
	final  error         // of closing the output; read after ended

	outputMu sync.Mutex // guards replacing output against interrupt
}

// Open opens the output and compiles the format. The error says what is wrong
// with either.
func Open(o Options) (*Log, error) {
	line, err := newFormat(o.Format, o.Formats)
	if err != nil {
		return nil, err
	}
	out, err := openOutput(o.Output)
	if err != nil {
		return nil, err
	}
	l := &Log{format: line, output: out, events: reporter{report: o.OnError}, ended: make(chan struct{})}
	l.lines.New = func() any { return new(make([]byte, 0, 1024)) }
	if out == nil {
		close(l.ended)
		return l, nil
	}
	if !named(o.Output) {
		l.path = o.Output
	}
	l.queue = newQueue(orDefault(o.Queue, 8192), orDefault(o.QueueBytes, 16<<20))
	go l.run()
	return l, nil
}

func named(output string) bool {
	switch output {
	case "", "stdout", "stderr", "syslog", "off":
		return true
	}
	return false
}

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

// A line longer than this does not go back to the pool.
const keepLine = 16 << 10

// Write puts one line in the queue, or drops and counts it when the queue is
// full or the log closed. It copies what it needs of r and never blocks on the
// output.
func (l *Log) Write(r *Record) {
	if l.queue == nil {
		return
	}
	line := l.lines.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
	*line = l.format((*line)[:0], r)
	l.queue.put(*line)
	if cap(*line) <= keepLine {
		l.lines.Put(line)
	}
}

// Written returns how many lines the output has taken.
func (l *Log) Written() uint64 {
	if l.queue == nil {
		return 0
	}
	written, _ := l.queue.counts()
	return written
}

// Dropped returns how many lines were lost: there was no room in the queue, the
// output failed, or the log was closed.
func (l *Log) Dropped() uint64 {
	if l.queue == nil {
		return 0
	}
	_, dropped := l.queue.counts()
	return dropped
}

// Errors returns how many writes to the output have failed.
func (l *Log) Errors() uint64 { return l.errors.Load() }

// patience is how long Reopen and Close wait for an output that hangs.
const patience = 2 * time.Second

// Reopen opens the path of a log file anew, after the file was renamed, and
// closes the old one once the lines before have been written. When opening
// fails, the log goes on with the old file and the error is returned. When the
// old file hangs, Reopen returns after two seconds and the change follows as
// soon as it can. For any other output it does nothing.
func (l *Log) Reopen() error {
	if l.path == "" {
		return nil
	}
	f, err := openFile(l.path)
	if err != nil {
		return fmt.Errorf("reopening, the old file stays in use: %w", err)
	}
	switched := l.queue.reopen(f)
	if switched == nil {
		_ = f.Close() // the log was closed meanwhile; nothing was written
		return nil
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-switched:
	case <-l.ended:
	case <-late.C:
	}
	return nil
}

// Close writes what waits, for two seconds at most, closes the output and waits
// for the goroutine. Lines that come later, or that the output did not take in
// time, are dropped and counted. Further calls do nothing.
//
// A write that hangs in the kernel and knows no deadline, as one to a terminal
// that was stopped, cannot be ended: Close then returns an error and leaves the
// goroutine behind.
func (l *Log) Close() error {
	if l.queue == nil || !l.queue.close() {
		return nil
	}
	if l.endsWithin(patience) {
		return l.final
	}
	l.outputMu.Lock()
	l.output.interrupt()
	l.outputMu.Unlock()
	if l.endsWithin(patience / 10) {
		return l.final
	}
	return fmt.Errorf("closing access log: the output did not take %d lines within %v", l.queue.abandon(), patience)
}

func (l *Log) endsWithin(d time.Duration) bool {
	late := time.NewTimer(d)
	defer late.Stop()
	select {
	case <-l.ended:
		return true
	case <-late.C:
		return false
	}
}
