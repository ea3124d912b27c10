package http1

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// A body's form, its content, and what the trailers hold, for TestBodies and as seeds.
var goodBodies = []struct{ name, head, send, body, trailer string }{
	{"sized", "Content-Length: 5\r\n\r\n", "hello", "hello", "map[]"},
	{"chunked", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello", "map[]"},
	{"many chunks", "Transfer-Encoding: chunked\r\n\r\n", "1\r\nh\r\n2\r\nel\r\n0000002\r\nlo\r\n0\r\n\r\n", "hello", "map[]"},
	{"a chunk of 0x0A", "Transfer-Encoding: chunked\r\n\r\n", "0A\r\n0123456789\r\na\r\n0123456789\r\n000\r\n\r\n", "01234567890123456789", "map[]"},
	{"extensions", "Transfer-Encoding: chunked\r\n\r\n", "5;a=b;c=\"d;\"\r\nhello\r\n0;x\r\n\r\n", "hello", "map[]"},
	{"empty", "Transfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n", "", "map[]"},
	{"CR LF as data", "Transfer-Encoding: chunked\r\n\r\n", "6\r\n\r\n0\r\n\r\r\n0\r\n\r\n", "\r\n0\r\n\r", "map[]"},
	{"trailers", "Transfer-Encoding: chunked\r\nTrailer: x-a, X-B\r\n\r\n", "5\r\nhello\r\n0\r\nX-A: 1\r\nX-C: 2\r\nx-a: 3\r\n\r\n", "hello", "map[X-A:[1 3] X-B:[]]"},
	{"trailers that nobody announced", "Transfer-Encoding: chunked\r\n\r\n", "0\r\nX-A: 1\r\nHost: evil\r\n\r\n", "", "map[]"},
	{"a trailer that none may have", "Transfer-Encoding: chunked\r\nTrailer: Host, X-A, Authorization\r\n\r\n", "0\r\nHost: evil\r\nAuthorization: x\r\nX-A: 1\r\n\r\n", "", "map[Authorization:[] Host:[] X-A:[1]]"},
	{"large", "Content-Length: 100000\r\n\r\n", strings.Repeat("0123456789", 10000), strings.Repeat("0123456789", 10000), "map[]"},
	{"large chunks", "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("2710\r\n"+strings.Repeat("0123456789", 1000)+"\r\n", 10) + "0\r\n\r\n", strings.Repeat("0123456789", 10000), "map[]"},
	{"small chunks", "Transfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nx\r\n", 5000) + "0\r\n\r\n", strings.Repeat("x", 5000), "map[]"},
}

func TestBodiesArriveWhole(t *testing.T) {
	readers := map[string]func(io.Reader) io.Reader{
		"at once":      func(r io.Reader) io.Reader { return r },
		"byte by byte": iotest.OneByteReader,
		"by halves":    iotest.HalfReader,
	}
	for _, tc := range goodBodies {
		for how, reader := range readers {
			for _, piece := range []int{len(tc.send), 1, 7} {
				if piece == 1 && len(tc.send) > 1000 {
					continue
				}
				t.Run(fmt.Sprintf("%s, %s, sent by %d", tc.name, how, piece), func(t *testing.T) {
					c := handle(t, func(w http.ResponseWriter, r *http.Request) {
						if r.ContentLength == 0 {
							return
						}
						got, err := io.ReadAll(reader(r.Body))
						if string(got) != tc.body || err != nil {
							t.Errorf("got %d bytes %.100q, %v", len(got), got, err)
						}
						if again, err := r.Body.Read(make([]byte, 1)); again != 0 || err != io.EOF {
							t.Errorf("behind the end: %d, %v", again, err)
						}
						_, _ = fmt.Fprint(w, r.Trailer)
					}).call()
					c.say(srvPost + tc.head)
					for at := 0; at < len(tc.send); at += piece {
						c.say(tc.send[at:min(at+piece, len(tc.send))])
					}
					c.say(srvPost + "Content-Length: 0\r\n\r\n")
					if _, body := c.hear("POST"); body != tc.trailer {
						t.Errorf("trailers %s", body)
					}
				})
			}
		}
	}
}

var badChunks = map[string]string{
	"bare LF behind the size":         "5\nhello\r\n0\r\n\r\n",
	"0x":                              "0x5\r\nhello\r\n0\r\n\r\n",
	"plus":                            "+5\r\nhello\r\n0\r\n\r\n",
	"minus":                           "-5\r\nhello\r\n0\r\n\r\n",
	"no number":                       "zz\r\nhello\r\n0\r\n\r\n",
	"nothing":                         "\r\n5\r\nhello\r\n0\r\n\r\n",
	"overflow":                        "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
	"wraps to five":                   "10000000000000005\r\nhello\r\n0\r\n\r\n",
	"space before":                    " 5\r\nhello\r\n0\r\n\r\n",
	"space behind":                    "5 \r\nhello\r\n0\r\n\r\n",
	"space before an extension":       "5 ;a\r\nhello\r\n0\r\n\r\n",
	"only an extension, and the end":  ";a=b\r\n\r\n",
	"nothing, and the end":            "\r\n\r\n",
	"only an extension":               ";a=b\r\nhello\r\n0\r\n\r\n",
	"bare LF in an extension":         "5;a\nb\r\nhello\r\n0\r\n\r\n",
	"bare CR in an extension":         "5;a\rb\r\nhello\r\n0\r\n\r\n",
	"bare CR behind the size":         "5\rX\nhello\r\n0\r\n\r\n",
	"long extension":                  "5;a=" + strings.Repeat("b", 8<<10) + "\r\nhello\r\n0\r\n\r\n",
	"extension that does not end":     "5;a=" + strings.Repeat("b", 100<<10),
	"no CR LF behind the data":        "5\r\nhello0\r\n\r\n",
	"data longer than said":           "3\r\nhello\r\n0\r\n\r\n",
	"bare LF behind the data":         "5\r\nhello\n0\r\n\r\n",
	"bare LF behind the last size":    "5\r\nhello\r\n0\n\r\n",
	"bare LF for the empty line":      "5\r\nhello\r\n0\r\n\n",
	"trailer without a colon":         "0\r\ntrailer\r\n\r\n",
	"trailer with a space":            "0\r\nX-T : 1\r\n\r\n",
	"folded trailer":                  "0\r\nX-T: 1\r\n 2\r\n\r\n",
	"control byte in a trailer":       "0\r\nX-T: \x01\r\n\r\n",
	"long trailer":                    "0\r\nX-T: " + strings.Repeat("b", 4100) + "\r\n\r\n",
	"long trailers":                   "0\r\n" + strings.Repeat("X-T: "+strings.Repeat("b", 1000)+"\r\n", 17) + "\r\n",
	"many trailers":                   "0\r\n" + strings.Repeat("X: 1\r\n", 300) + "\r\n",
	"more framing than body":          strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\nx\r\n", 40) + "0\r\n\r\n",
	"extensions in many small chunks": strings.Repeat("1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n", 2000) + "0\r\n\r\n",
}

func TestABadBodyFailsAndEndsTheConnection(t *testing.T) {
	for name, send := range badChunks {
		t.Run(name, func(t *testing.T) {
			f := handle(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method == "GET" {
					t.Error("the rest of the body was taken for a request")
				}
				_, err := io.Copy(io.Discard, r.Body)
				if !errors.Is(err, errBody) {
					t.Errorf("reading gave %v", err)
				}
				if _, again := r.Body.Read(make([]byte, 1)); again == nil || again.Error() != err.Error() {
					t.Errorf("reading again gave %v", again)
				}
				w.WriteHeader(http.StatusBadRequest)
			})
			for _, piece := range []int{len(send), 1} {
				if piece == 1 && len(send) > 5000 {
					continue
				}
				c := f.call()
				c.say(srvChunked)
				for at := 0; at < len(send); at += piece {
					if _, err := io.WriteString(c, send[at:min(at+piece, len(send))]); err != nil {
						break
					}
				}
				_, _ = io.WriteString(c, plainGet)
				if res, _ := c.hear("POST"); res.StatusCode != 400 {
					t.Errorf("got %d", res.StatusCode)
				}
				if rest := c.ends(); rest != "" {
					t.Errorf("behind the answer came %q", rest)
				}
			}
		})
	}
}

func TestABodyThatBreaksOffIsNotWhole(t *testing.T) {
	for _, send := range []string{
		"Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n5",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n",
	} {
		f := handle(t, func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			if !errors.Is(err, io.ErrUnexpectedEOF) || r.Context().Err() == nil {
				t.Errorf("%q: reading gave %v, the context has %v", send, err, r.Context().Err())
			}
		})
		f.exchange(srvPost + send)
	}
}

func TestAnUnreadBodyIsDrainedOrEndsTheConnection(t *testing.T) {
	for _, tc := range []struct {
		name, head, body string
		stays            bool
	}{
		{"short", "Content-Length: 5\r\n\r\n", "hello", true},
		{"in chunks", "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", true},
		{"what may be drained", "Content-Length: 200000\r\n\r\n", strings.Repeat("x", 200000), true},
		{"long", "Content-Length: 1000000\r\n\r\n", strings.Repeat("x", 1000000), false},
		{"long in chunks", "Transfer-Encoding: chunked\r\n\r\n", "100000\r\n" + strings.Repeat("x", 1<<20) + "\r\n0\r\n\r\n", false},
		{"not sent", "Content-Length: 5\r\n\r\n", "", false},
		{"not sent after 100", "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", "", false},
		{"bad", "Transfer-Encoding: chunked\r\n\r\n", "zz\r\n", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := handle(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method) }).call()
			c.say(srvPost + tc.head)
			if tc.body != "" {
				go func() { _, _ = io.WriteString(c, tc.body+plainGet) }() // ends with the connection
			}
			res, body := c.hear("POST")
			if body != "POST" {
				t.Fatalf("got %q", body)
			}
			if !tc.stays {
				if rest := c.ends(); rest != "" {
					t.Errorf("behind the answer came %q", rest)
				}
				return
			}
			if _, body := c.hear("GET"); body != "GET" || res.Close {
				t.Errorf("then got %q, closing: %v", body, res.Close)
			}
		})
	}
}

func TestAReadThatIsUnderWayEndsWithTheHandler(t *testing.T) {
	result := make(chan error, 2)
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		started := make(chan struct{})
		body := r.Body
		go func() {
			p := make([]byte, 10)
			_, err := io.ReadFull(body, p[:5])
			close(started)
			if err == nil {
				_, err = body.Read(p) // nothing comes
			}
			result <- err
			_, err = body.Read(p)
			result <- err
		}()
		<-started
		_, _ = io.WriteString(w, "done")
	})
	for range 20 {
		c := f.call()
		c.say(srvPost + "Content-Length: 10\r\n\r\nhello")
		if _, body := c.hear("POST"); body != "done" {
			t.Errorf("got %q", body)
		}
		for range 2 {
			if err := <-result; !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("reading gave %v", err)
			}
		}
		_ = c.Close()
	}
}

func TestABodyAndItsAnswerMayGoAtTheSameTime(t *testing.T) {
	c := handle(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := control.EnableFullDuplex(); err != nil {
			t.Error(err)
		}
		p := make([]byte, 10)
		for {
			n, err := r.Body.Read(p)
			_, _ = w.Write(p[:n])
			if err != nil {
				return
			}
			_ = control.Flush()
		}
	}).call()
	c.say(srvChunked)
	for i := range 5 {
		piece := strings.Repeat(string(rune('a'+i)), i+1)
		c.say(fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece))
		c.expect(piece)
	}
	c.say("0\r\n\r\n")
	c.expect("0\r\n\r\n")
}

func TestAReadDeadlineEndsAReadAndNotTheBody(t *testing.T) {
	waits := make(chan error, 1)
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		p := make([]byte, 100)
		n, err := io.ReadFull(r.Body, p)
		waits <- err
		_ = control.SetReadDeadline(time.Time{})
		m, err := io.ReadFull(r.Body, p[n:])
		if !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
			t.Errorf("the rest: %v", err)
		}
		_, _ = w.Write(p[:n+m])
	})
	for _, tc := range [][3]string{
		{"Content-Length: 10\r\n\r\nhello", "world", "helloworld"},
		{"Transfer-Encoding: chunked\r\n\r\n5\r\nhello", "\r\n5\r\nworld\r\n0\r\n\r\n", "helloworld"},
		{"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r", "\n5\r\nworld\r\n0\r\n\r\n", "helloworld"},
		{"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5", "\r\nworld\r\n0\r\n\r\n", "helloworld"},
		{"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\nX-T: ", "1\r\n\r\n", "helloworld"},
	} {
		c := f.call()
		c.say(srvPost + tc[0])
		if err := <-waits; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: waiting gave %v", tc[0], err)
		}
		c.say(tc[1])
		if _, body := c.hear("POST"); body != tc[2] {
			t.Errorf("%q: got %q", tc[0], body)
		}
	}
}
