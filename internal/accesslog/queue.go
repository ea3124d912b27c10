package accesslog

import (
	"bytes"
	"os"
	"sync"
	"time"
)

const (
	// gatherTime is how long a line waits for others, so that one write call
	// takes many.
	gatherTime = 50 * time.Millisecond
	// gatherBytes is how much of them is enough for one.
	gatherBytes = 64 << 10
)

// queue holds the lines that wait for the writer. It is bounded in lines and in
// bytes, both counted until a line has been written or given up, not merely
// until the writer took it.
type queue struct {
	maxLines int
	maxBytes int
	// The writer need not wait for more when so much has gathered. It is at
	// most half of what there is room for.
	enoughLines int
	enoughBytes int

	// enough tells the writer, while it waits for more, to wait no longer.
	enough chan struct{}

	mu        sync.Mutex // guards everything below, and is held only for a copy
	some      sync.Cond  // the writer waits here while there is nothing; L is &mu
	waiting   []byte     // whole lines
	spare     []byte     // the buffer of the batch before, to be used again
	newLines  int        // lines in waiting
	lines     int        // lines in waiting and in the writer's hands
	bytes     int        // the same in bytes
	closed    bool
	abandoned bool     // the writer is stuck for good; nothing is counted any more
	next      *os.File // opened by Reopen, not yet in use
	switched  chan struct{}
	written   uint64
	dropped   uint64
}

func newQueue(maxLines, maxBytes int) *queue {
	q := &queue{
		maxLines: maxLines, maxBytes: maxBytes,
		enoughLines: maxLines / 2, enoughBytes: min(maxBytes/2, gatherBytes),
		enough: make(chan struct{}, 1),
	}
	q.some.L = &q.mu
	return q
}

// put copies one line, and drops it when there is no room.
func (q *queue) put(line []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.lines >= q.maxLines || q.bytes+len(line) > q.maxBytes {
		q.dropped++
		return
	}
	if len(q.waiting) == 0 {
		q.some.Signal()
	}
	hurried := q.hurry()
	q.waiting = append(q.waiting, line...)
	q.newLines++
	q.lines++
	q.bytes += len(line)
	if !hurried && q.hurry() {
		q.tell()
	}
}

// hurry reports whether the writer has no reason to wait for more.
func (q *queue) hurry() bool {
	return q.lines > q.enoughLines || len(q.waiting) >= q.enoughBytes || q.next != nil || q.closed
}

// tell ends the writer's wait, be it for some or for enough.
func (q *queue) tell() {
	q.some.Signal()
	select {
	case q.enough <- struct{}{}:
	default: // it was told already
	}
}

// batch is what the writer takes at once.
type batch struct {
	text     []byte
	lines    int
	next     *os.File // the file to go on with before text is written; nil: the same
	switched chan struct{}
	last     bool // the queue is closed and this empties it
}

// take waits until there is something to do, and then for a while, unless it is
// urgent, until there is enough for it to be worth a write.
func (q *queue) take() batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && q.next == nil && !q.closed {
		q.some.Wait()
	}
	if !q.hurry() {
		select {
		case <-q.enough: // told of lines that were taken since
		default:
		}
		q.mu.Unlock()
		q.gather()
		q.mu.Lock()
	}
	b := batch{text: q.waiting, lines: q.newLines, next: q.next, switched: q.switched, last: q.closed}
	q.waiting, q.spare = q.spare, nil
	q.newLines, q.next, q.switched = 0, nil, nil
	return b
}

// gather waits until there is enough, or for the longest time that a line
// stays here while the output takes what it is given.
func (q *queue) gather() {
	late := time.NewTimer(gatherTime)
	defer late.Stop()
	select {
	case <-q.enough:
	case <-late.C:
	}
}

// A buffer that a burst has grown beyond this is not kept.
const keepBuffer = 1 << 20

// settle ends a batch: of its lines, so many were written and so many given up.
// A line that is neither is still half in the output's hands.
func (q *queue) settle(b batch, written, lost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.abandoned {
		return
	}
	q.lines -= b.lines
	q.bytes -= len(b.text)
	q.written += uint64(written)
	q.dropped += uint64(lost)
	if cap(b.text) <= keepBuffer {
		q.spare = b.text[:0]
	}
}

// reopen hands a new file to the writer. The channel is closed when it is in
// use and the one before is closed. It is nil when the queue is closed.
func (q *queue) reopen(f *os.File) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	if q.next != nil {
		_ = q.next.Close() // never written to
	}
	q.next = f
	if q.switched == nil {
		q.switched = make(chan struct{})
	}
	q.tell()
	return q.switched
}

// close lets the writer end after what waits. It reports whether this was the
// first call.
func (q *queue) close() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	first := !q.closed
	q.closed = true
	q.tell()
	return first
}

// abandon counts what is not written as dropped and tells how much that was.
func (q *queue) abandon() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.abandoned = true
	q.dropped += uint64(q.lines)
	return q.lines
}

func (q *queue) counts() (written, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.written, q.dropped
}

// countLines counts lines in text. Every line ends with its only newline.
func countLines(text []byte) int { return bytes.Count(text, []byte{'\n'}) }
