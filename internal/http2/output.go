package http2

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

// Bounds of what waits to be written.
const (
	outputSize   = 16 << 10 // bytes of a new buffer, and what is written at once
	outputLimit  = 64 << 10 // bytes that stop answers until they are written
	maxKeptBytes = 4 * outputLimit
	maxControls  = 1 << 10 // frames that the client made the server send, and does not take
)

var outputBuffers = sync.Pool{New: func() any { b := make([]byte, 0, outputSize); return &b }}

// output is the way to the client: frames are put into one buffer while
// another is being written. It is guarded by conn.mu, but for what put does.
type output struct {
	frames   []byte        // nil when there are none
	buffer   *[]byte       // what frames came from
	apart    []byte        // RST_STREAMs that are written by themselves, behind frames
	controls int           // control frames in the two
	updated  bool          // there is a WINDOW_UPDATE that nobody was told to write
	writing  bool          // somebody writes, or is on the way to
	broken   error         // writing failed
	idle     chan struct{} // closed when nobody writes; nil: nobody waits

	encoder encoder
	window  int64     // of the connection, for DATA
	initial int64     // window of new streams
	payload int       // bytes of a frame at most
	sent    int       // frames with headers or data, since the flood counters were reset
	done    int       // answers, likewise
	queue   []*stream // that wait for room, or for window
	turn    *stream   // that was woken to send next; nil: whoever comes may

	deadline time.Time // the writer's: of the write under way, or long past
}

func (o *output) init() {
	o.encoder.most = encoderTable
	o.window, o.initial, o.payload = initialWindow, initialWindow, maxFrame
}

// initialWindow is every window's, until SETTINGS says otherwise (RFC 9113,
// section 6.9.2).
const initialWindow = 1<<16 - 1

// room returns the buffer to append to.
func (o *output) room() []byte {
	if o.frames == nil {
		o.buffer = outputBuffers.Get().(*[]byte) //nolint:errcheck // the pool holds nothing else
		o.frames = (*o.buffer)[:0]
	}
	return o.frames
}

// full reports whether answers have to wait.
func (o *output) full() bool { return len(o.frames) >= outputLimit }

// empty reports whether there is nothing to write.
func (o *output) empty() bool { return len(o.frames) == 0 && len(o.apart) == 0 }

// swap takes out what is to be written.
func (o *output) swap() (frames, apart []byte, buffer *[]byte) {
	frames, apart, buffer = o.frames, o.apart, o.buffer
	o.frames, o.apart, o.buffer, o.controls = nil, nil, nil, 0
	return frames, apart, buffer
}

func freeOutput(frames []byte, buffer *[]byte) {
	if buffer == nil || cap(frames) > maxKeptBytes {
		return
	}
	*buffer = frames[:0]
	outputBuffers.Put(buffer)
}

// claim reports whether the caller has to call write, once it has given mu up.
// It expects mu to be held.
func (c *conn) claim() bool {
	if c.out.writing || c.out.empty() || c.out.broken != nil {
		return false
	}
	c.out.writing = true
	return true
}

// flush has the output written by another goroutine. It expects mu to be held.
func (c *conn) flush() {
	if c.claim() {
		c.server.workers.start(task{c: c})
	}
}

// write writes the output until there is none. Each time it lets others run
// first: what they have to send joins one record and one system call.
func (c *conn) write() {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.out
	for !o.empty() && o.broken == nil {
		c.mu.Unlock()
		runtime.Gosched()
		c.mu.Lock()
		frames, apart, buffer := o.swap()
		c.nextTurn()
		c.mu.Unlock()
		err := c.put(frames)
		if err == nil {
			err = c.put(apart)
		}
		freeOutput(frames, buffer)
		c.mu.Lock()
		if err != nil {
			c.breakOff(err)
		}
	}
	o.writing = false
	if o.idle != nil {
		close(o.idle)
		o.idle = nil
	}
	c.settle()
}

// put writes frames, with the deadline kept ahead of progress.
func (c *conn) put(frames []byte) error {
	for len(frames) > 0 {
		n := min(len(frames), outputSize)
		if limit := c.server.o.Write; limit > 0 && !c.leaving.Load() {
			now := time.Now()
			if c.out.deadline.Sub(now) <= limit-limit/8 { // moving it costs
				c.out.deadline = now.Add(limit)
				_ = c.nc.SetWriteDeadline(c.out.deadline) // fails where the write will
			}
		}
		if _, err := c.nc.Write(frames[:n]); err != nil {
			return err
		}
		frames = frames[n:]
	}
	return nil
}

// control appends a frame that the client has caused, and that no answer waits
// for. It expects mu to be held.
func (c *conn) control(frame func([]byte) []byte) {
	o := &c.out
	if o.broken != nil {
		return
	}
	o.frames = frame(o.room())
	o.controls++
}

// appendBlock appends a header block to the output, in as many frames as it
// takes. status is 0 for trailers. It expects mu to be held.
func (c *conn) appendBlock(s *stream, status int, fields []outField, end bool) {
	o := &c.out
	flags := http2.FlagHeadersEndHeaders
	if end {
		flags |= http2.FlagHeadersEndStream
	}
	head := frameHead{kind: http2.FrameHeaders, flags: flags, stream: s.id}
	start := len(o.room())
	b := o.encoder.begin(head.append(o.frames))
	if status != 0 {
		b = o.encoder.status(b, status)
	}
	for i := range fields {
		b = o.encoder.append(b, &fields[i])
	}
	o.frames = b
	o.sent++
	head.length = len(b) - start - frameHeadSize
	if head.length <= o.payload {
		head.put(b[start:])
		return
	}
	block := slices.Clone(b[start+frameHeadSize:])
	o.frames = appendSplit(o.frames[:start], head, block, o.payload)
}

// appendSplit appends block as HEADERS and CONTINUATION (RFC 9113, section 6.10).
func appendSplit(b []byte, head frameHead, block []byte, size int) []byte {
	head.flags &^= http2.FlagHeadersEndHeaders
	for len(block) > 0 {
		head.length = min(len(block), size)
		if head.length == len(block) {
			head.flags |= http2.FlagHeadersEndHeaders
		}
		b = head.append(b)
		b = append(b, block[:head.length]...)
		block = block[head.length:]
		head.kind, head.flags = http2.FrameContinuation, 0
	}
	return b
}
