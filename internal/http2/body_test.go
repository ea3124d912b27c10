package http2

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// echo answers with the body and how it ended.
func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	_, _ = fmt.Fprintf(w, "%s|%v|%v", b, err, r.Trailer)
}

func TestLengthHasToHold(t *testing.T) {
	noLeaks(t)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err == nil {
			t.Errorf("%s was read to its end", b)
		}
	}).dial()
	for i, tc := range []struct {
		length string
		data   []string // "(trailers)" for those
	}{
		{"3", []string{"hello"}}, {"10", []string{"hello"}}, {"10", []string{"hello", ""}}, {"6", []string{"hello", "you"}},
		{"10", []string{"hello", "(trailers)"}}, {"1", []string{""}}, {"0", []string{"a"}},
	} {
		stream := uint32(2*i + 1)
		c.open(stream, false, post.and("content-length", tc.length))
		for j, d := range tc.data {
			last := j == len(tc.data)-1
			if d == "(trailers)" {
				c.open(stream, true, fields{"x-a", "b"})
			} else if err := c.WriteData(stream, last, []byte(d)); err != nil {
				t.Fatal(err)
			}
		}
		if a := c.answer(stream); !a.cut || a.reset != http2.ErrCodeProtocol {
			t.Errorf("%v: got %+v", tc, a)
		}
	}
}

func TestBodyWithTrailers(t *testing.T) {
	c := serve(t, echo).dial()
	c.open(1, false, post.and("trailer", "x-a, x-b"))
	_ = c.WriteDataPadded(1, false, []byte("hello"), make([]byte, 200))
	c.open(1, true, fields{"x-a", "1", "x-c", "2", "x-a", "3"})
	if a, want := c.answer(1), "hello|<nil>|map[X-A:[1 3] X-B:[]]"; a.body != want {
		t.Errorf("got %+v, want %s", a, want)
	}
	for i, f := range []fields{{":path", "/"}, {"X-A", "b"}, {"x-a", "b\n"}, {"te", "trailers"}, {"connection", "close"}, {"", ""}, {"x-a", strings.Repeat("a", 70000)}} {
		stream := uint32(2*i + 3)
		c.open(stream, false, post.and("trailer", "x-a"))
		c.openInPieces(stream, true, f)
		if a := c.answer(stream); !a.cut {
			t.Errorf("%.20q: got %+v", f, a)
		}
	}
	c.open(99, false, post.and("trailer", "content-type, x-a"))
	c.open(99, true, fields{"content-type", "b"})
	if a := c.answer(99); !a.cut || a.reset != http2.ErrCodeProtocol {
		t.Errorf("a trailer that must not be one: got %+v", a)
	}
	c.open(101, false, post)
	c.open(101, false, fields{"x-a", "b"})
	if a := c.answer(101); !a.cut || a.reset != http2.ErrCodeProtocol {
		t.Errorf("trailers without an end: got %+v", a)
	}
	c.open(103, true, get)
	if a := c.answer(103); a.status != "200" {
		t.Errorf("the next request got %+v", a)
	}
}

// openInPieces sends HEADERS and CONTINUATION.
func (c *raw) openInPieces(stream uint32, end bool, f fields) {
	block := c.encode(f)
	n := min(len(block), maxFrame)
	_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block[:n], EndStream: end, EndHeaders: n == len(block)})
	for block = block[n:]; len(block) > 0; block = block[n:] {
		n = min(len(block), maxFrame)
		_ = c.WriteContinuation(stream, n == len(block), block[:n])
	}
}

func TestClientIsToldToContinueAtTheFirstRead(t *testing.T) {
	read := make(chan bool, 3)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header["Expect"] != nil {
			t.Error("the handler saw Expect")
		}
		if <-read {
			echo(w, r)
		}
	}).dial()
	c.open(1, false, post.and("expect", "100-continue"))
	read <- true
	for {
		f, err := c.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		if h, ok := f.(*http2.MetaHeadersFrame); ok {
			if h.PseudoValue("status") != "100" || h.StreamEnded() {
				t.Fatalf("got %v", h)
			}
			break
		}
	}
	_ = c.WriteData(1, false, []byte("he"))
	if frames := c.sync(); len(frames) > 0 {
		t.Errorf("within the body came %v", frames)
	}
	_ = c.WriteData(1, true, []byte("llo"))
	if a := c.answer(1); !strings.HasPrefix(a.body, "hello|<nil>") || a.early != nil {
		t.Errorf("got %+v", a)
	}
	c.open(3, false, post.and("expect", "100-continue"))
	read <- false
	if a := c.answer(3); a.status != "200" || a.early != nil {
		t.Errorf("without a read: got %+v", a)
	}
	c.open(5, false, post.and("expect", "100-continue"))
	_ = c.WriteData(5, true, []byte("hello"))
	c.sync()
	read <- true
	if a := c.answer(5); a.status != "200" || a.early != nil {
		t.Errorf("with the body there: got %+v", a)
	}
}

// sync returns when the server has read all that was sent, and what came on
// streams meanwhile.
func (c *raw) sync() (frames []http2.FrameType) {
	c.t.Helper()
	ping := [8]byte{1, 2, 3}
	_ = c.WritePing(false, ping)
	for {
		f, err := c.ReadFrame()
		if err != nil {
			c.t.Fatal(err)
		}
		if f.Header().StreamID != 0 {
			frames = append(frames, f.Header().Type)
		}
		if p, ok := f.(*http2.PingFrame); ok && p.IsAck() && p.Data == ping {
			return frames
		}
	}
}

func TestBodyThatNobodyReadsIsDismissed(t *testing.T) {
	noLeaks(t)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			echo(w, r)
		}
	}).dial()
	size := 60000 // together they are more than the connection's window
	for i := range 30 {
		stream := uint32(2*i + 1)
		c.open(stream, false, fields{":method", "POST", ":scheme", "https", ":path", "/a", ":authority", "a", "content-length", "100000"})
		for sent := 0; sent < size; sent += 10000 {
			_ = c.WriteData(stream, false, make([]byte, 10000))
		}
		a := c.answer(stream)
		if a.status != "200" || a.cut {
			t.Fatalf("got %+v", a)
		}
		// What was on its way when the answer came does no harm.
		_ = c.WriteData(stream, false, make([]byte, 10))
		c.open(stream, true, fields{"x-a", "b"})
	}
	c.open(1001, false, post)
	_ = c.WriteData(1001, true, []byte("hello"))
	if a := c.answer(1001); !strings.HasPrefix(a.body, "hello|<nil>") {
		t.Errorf("the next request got %+v", a)
	}
}

func TestBodyThatIsReadIsNotDismissed(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/early" {
			w.Header().Set("Content-Length", "2")
			_, _ = io.WriteString(w, "ok")
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}).dial()
	c.open(1, false, post)
	_ = c.WriteData(1, false, []byte("hello"))
	_ = c.WriteData(1, true, nil)
	if a := c.answer(1); a.status != "200" {
		t.Errorf("got %+v", a)
	}
	if frames := c.sync(); len(frames) > 0 {
		t.Errorf("behind the answer came %v", frames)
	}
	c.open(3, false, fields{":method", "POST", ":scheme", "https", ":path", "/early", ":authority", "a"})
	if a := c.answer(3); a.body != "ok" {
		t.Errorf("got %+v", a)
	}
	_ = c.WriteData(3, true, []byte("hello"))
	for range 10 {
		if frames := c.sync(); len(frames) > 0 {
			t.Errorf("behind the early answer came %v", frames)
		}
	}
}

func TestPaddingIsGivenBack(t *testing.T) {
	var read atomic.Int32
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		for n, err := 0, error(nil); err == nil; read.Add(int32(n)) { //nolint:gosec // small
			n, err = r.Body.Read(make([]byte, 10))
		}
	}).dial()
	c.open(1, false, post)
	for sent := int32(0); sent < 2*connWindow/256; { // with padding more than either window
		for range 300 {
			_ = c.WriteDataPadded(1, false, []byte("a"), make([]byte, 255))
		}
		sent += 300
		until(t, "the data is read", func() bool { return read.Load() == sent })
	}
	_ = c.WriteData(1, true, nil)
	if a := c.answer(1); a.status != "200" {
		t.Errorf("got %+v", a)
	}
}

func TestBodyThatEndsWhileItIsBeingFilled(t *testing.T) {
	b := newBody(&stream{}, -1)
	copy(b.space(), "hello")
	if lost := b.filled(5); lost != 0 {
		t.Errorf("lost %d", lost)
	}
	space := b.space()
	if n := b.copyOut(make([]byte, 10)); n != 5 {
		t.Errorf("read %d bytes", n)
	}
	copy(space, "world")
	_ = b.filled(5)
	p := make([]byte, 10)
	if n := b.copyOut(p); string(p[:n]) != "world" {
		t.Errorf("read %q", p[:n])
	}
	_ = b.space()
	b.abandon()
	if len(b.chunks) != 1 {
		t.Error("what is being filled was given away")
	}
	if lost := b.filled(5); lost != 5 || b.chunks != nil || b.size != 0 {
		t.Errorf("lost %d, %d chunks, %d bytes", lost, len(b.chunks), b.size)
	}
}

func TestReadDeadline(t *testing.T) {
	type result struct {
		n   int
		err error
	}
	results := make(chan result)
	proceed := make(chan struct{})
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		buf := make([]byte, 10)
		read := func() {
			n, err := r.Body.Read(buf)
			results <- result{n, err}
		}
		_ = control.SetReadDeadline(time.Now().Add(time.Millisecond))
		read() // nothing has come
		<-proceed
		read() // something has
		_ = control.SetReadDeadline(time.Time{})
		go func() {
			<-proceed
			_ = control.SetReadDeadline(time.Now())
		}()
		read() // while it waits
		_ = control.SetReadDeadline(time.Now().Add(patience))
		read()
		read()
	}).dial()
	c.open(1, false, post)
	if got := <-results; !errors.Is(got.err, os.ErrDeadlineExceeded) {
		t.Errorf("got %+v", got)
	}
	_ = c.WriteData(1, false, []byte("a"))
	c.sync()
	proceed <- struct{}{}
	if got := <-results; got.n != 1 || got.err != nil {
		t.Errorf("what had come: got %+v", got)
	}
	proceed <- struct{}{}
	if got := <-results; !errors.Is(got.err, os.ErrDeadlineExceeded) {
		t.Errorf("while waiting: got %+v", got)
	}
	_ = c.WriteData(1, true, []byte("b"))
	if got := <-results; got.n != 1 || got.err != nil {
		t.Errorf("got %+v", got)
	}
	if got := <-results; got.n != 0 || !errors.Is(got.err, io.EOF) {
		t.Errorf("got %+v", got)
	}
	if a := c.answer(1); a.status != "200" {
		t.Errorf("got %+v", a)
	}
}

func TestReadsFailOnceTheHandlerHasReturned(t *testing.T) {
	noLeaks(t)
	results := make(chan error, 2)
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body := r.Body
		begun := make(chan struct{})
		go func() {
			close(begun)
			_, err := body.Read(make([]byte, 1))
			results <- err
			_, err = body.Read(make([]byte, 1))
			results <- err
		}()
		<-begun
	}).dial()
	c.open(1, false, post)
	for range 2 {
		select {
		case err := <-results:
			if err == nil || errors.Is(err, io.EOF) {
				t.Errorf("got %v", err)
			}
		case <-time.After(patience):
			t.Fatal("a read waits on")
		}
	}
}

func TestResetEndsReads(t *testing.T) {
	results, begun := make(chan error, 1), make(chan struct{}, 2)
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		_, err := io.ReadAll(r.Body)
		results <- err
	}).dial()
	c.open(1, false, post)
	_ = c.WriteData(1, false, []byte("a"))
	_ = c.WriteRSTStream(1, http2.ErrCodeCancel)
	if err := <-results; !errors.Is(err, ErrReset) {
		t.Errorf("got %v", err)
	}
	c.open(3, false, post)
	<-begun
	<-begun
	_ = c.nc.Close()
	if err := <-results; !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestATrailerThatIsAnnouncedTwiceComesOnce(t *testing.T) {
	c := serve(t, echo).dial()
	c.open(1, false, post.and("trailer", "x-a, x-b", "trailer", "X-A, x-a"))
	c.open(1, true, fields{"x-a", "1", "x-b", "2"})
	if a, want := c.answer(1), "|<nil>|map[X-A:[1] X-B:[2]]"; a.body != want {
		t.Errorf("got %+v, want %s", a, want)
	}
}
