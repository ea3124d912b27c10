package http1

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	get11  = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	head11 = "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"
	get10  = "GET / HTTP/1.0\r\n\r\n"
	keep10 = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
)

// answers are all bytes that a handler's answer may consist of; the lines of
// the head in order, and without Date.
var answers = []struct {
	name, send string
	h          func(w http.ResponseWriter)
	want       string
	stays      bool
}{
	{"nothing", get11, func(http.ResponseWriter) {}, "HTTP/1.1 200 OK|Content-Length: 0||", true},
	{"small", get11, write("hello"), "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"by strings", get11, func(w http.ResponseWriter) { _, _ = io.WriteString(w, "hel"); _, _ = io.WriteString(w, "lo") }, "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"announced", get11, with("Content-Length", "5", write("hello")), "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"announced, by strings", get11, with("Content-Length", "5", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "hello") }), "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"announced badly", get11, with("Content-Length", "five", write("hello")), "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"announced too short", get11, with("Content-Length", "3", func(w http.ResponseWriter) {
		if _, err := w.Write([]byte("hello")); !errors.Is(err, http.ErrContentLength) {
			panic(err)
		}
		_, _ = w.Write([]byte("hel"))
	}), "HTTP/1.1 200 OK|Content-Length: 3||hel", true},
	{"announced too long", get11, with("Content-Length", "9", write("hello")), "HTTP/1.1 200 OK|Content-Length: 9||hello", false},
	{"no guess of a type", get11, write("<html>"), "HTTP/1.1 200 OK|Content-Length: 6||<html>", true},
	{"no type", get11, func(w http.ResponseWriter) { w.Header()["Content-Type"] = nil; _, _ = w.Write([]byte("x")) }, "HTTP/1.1 200 OK|Content-Length: 1||x", true},
	{"status", get11, func(w http.ResponseWriter) { w.WriteHeader(404); w.WriteHeader(500) }, "HTTP/1.1 404 Not Found|Content-Length: 0||", true},
	{"unknown status", get11, func(w http.ResponseWriter) { w.WriteHeader(799) }, "HTTP/1.1 799 status code 799|Content-Length: 0||", true},
	{"headers", get11, func(w http.ResponseWriter) {
		w.Header()["X-A"] = []string{"1", " 2 "}
		w.Header()["x-b"] = []string{""}
		w.WriteHeader(200)
		w.Header().Set("X-Late", "1")
	}, "HTTP/1.1 200 OK|Content-Length: 0|X-A: 1|X-A: 2|x-b: ||", true},
	{"odd headers", get11, func(w http.ResponseWriter) {
		w.Header()["X-A"] = []string{"a\r\nX-Split: b\n\x00c\r\n"}
		w.Header()["X B"] = []string{"1"}
		w.Header()["X-C: d\r\nX-Split"] = []string{"1"}
		w.Header()[""] = []string{"1"}
	}, "HTTP/1.1 200 OK|Content-Length: 0|X-A: a  X-Split: b  c||", true},
	{"coding of the handler's own", get11, with("Transfer-Encoding", "gzip, chunked", write("hello")), "HTTP/1.1 200 OK|Content-Length: 5||hello", true},
	{"close", get11, with("Connection", "close", write("x")), "HTTP/1.1 200 OK|Connection: close|Content-Length: 1||x", false},
	{"keep-alive is nothing new", get11, with("Connection", "keep-alive", write("x")), "HTTP/1.1 200 OK|Content-Length: 1||x", true},
	{"connection of another sort", get11, with("Connection", "Upgrade", write("x")), "HTTP/1.1 200 OK|Connection: Upgrade|Content-Length: 1||x", true},
	{"close of the client", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", write("x"), "HTTP/1.1 200 OK|Connection: close|Content-Length: 1||x", false},
	{"close of the client, connection of another sort", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", with("Connection", "Upgrade", write("x")), "HTTP/1.1 200 OK|Connection: close|Content-Length: 1||x", false},

	{"flushed", get11, func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("hel"))
		w.(http.Flusher).Flush()
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("l"))
		_, _ = w.Write([]byte("o"))
	}, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", true},
	{"flushed before anything", get11, func(w http.ResponseWriter) {
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("0123456789abcdef"))
	}, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||10\r\n0123456789abcdef\r\n0\r\n\r\n", true},
	{"flushed and announced", get11, with("Content-Length", "4", func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("ab"))
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("cd"))
	}), "HTTP/1.1 200 OK|Content-Length: 4||abcd", true},
	{"chunked small and large", get11, func(w http.ResponseWriter) {
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("ab"))
		_, _ = w.Write(bytes.Repeat([]byte("x"), 10000))
		_, _ = w.Write([]byte("cd"))
	}, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2\r\nab\r\n2710\r\n" + strings.Repeat("x", 10000) + "\r\n2\r\ncd\r\n0\r\n\r\n", true},
	{"large and announced", get11, with("Content-Length", "20002", func(w http.ResponseWriter) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 10000))
		_, _ = w.Write([]byte("ab"))
		_, _ = w.Write(bytes.Repeat([]byte("x"), 10000))
	}), "HTTP/1.1 200 OK|Content-Length: 20002||" + strings.Repeat("x", 10000) + "ab" + strings.Repeat("x", 10000), true},
	{"trailers", get11, func(w http.ResponseWriter) {
		w.Header().Set("Trailer", "X-T, x-u, Content-Length")
		_, _ = w.Write([]byte("ab"))
		w.Header().Set("X-T", "1")
		w.Header()["X-U"] = []string{"2", "3\r\nX-Split: 4"}
		w.Header().Set("Content-Length", "5")
		w.Header().Set("X-V", "nobody announced it")
	}, "HTTP/1.1 200 OK|Trailer: X-T, x-u, Content-Length|Transfer-Encoding: chunked||2\r\nab\r\n0\r\nX-T: 1\r\nX-U: 2\r\nX-U: 3  X-Split: 4\r\n\r\n", true},
	{"trailers by prefix", get11, func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("ab"))
		w.Header().Set(http.TrailerPrefix+"X-T", "1")
		w.Header().Set(http.TrailerPrefix+"Content-Length", "1")
	}, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2\r\nab\r\n0\r\nX-T: 1\r\n\r\n", true},
	{"trailers by prefix, set before", get11, func(w http.ResponseWriter) {
		w.Header().Set(http.TrailerPrefix+"X-T", "1")
		_, _ = w.Write([]byte("ab"))
	}, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||2\r\nab\r\n0\r\nX-T: 1\r\n\r\n", true},

	{"HEAD", head11, write("hello"), "HTTP/1.1 200 OK|Content-Length: 5||", true},
	{"HEAD by strings", head11, func(w http.ResponseWriter) { _, _ = io.WriteString(w, strings.Repeat("x", 9000)) }, "HTTP/1.1 200 OK|Content-Length: 9000||", true},
	{"HEAD of nothing", head11, func(http.ResponseWriter) {}, "HTTP/1.1 200 OK||", true},
	{"HEAD announced", head11, with("Content-Length", "7", func(http.ResponseWriter) {}), "HTTP/1.1 200 OK|Content-Length: 7||", true},
	{"HEAD announced and written", head11, with("Content-Length", "5", write("hello")), "HTTP/1.1 200 OK|Content-Length: 5||", true},
	{"HEAD flushed", head11, func(w http.ResponseWriter) { _, _ = w.Write([]byte("ab")); w.(http.Flusher).Flush() }, "HTTP/1.1 200 OK||", true},
	{"204", get11, with("Content-Length", "5", func(w http.ResponseWriter) {
		w.WriteHeader(204)
		if _, err := w.Write([]byte("x")); !errors.Is(err, http.ErrBodyNotAllowed) {
			panic(err)
		}
	}), "HTTP/1.1 204 No Content||", true},
	{"304", get11, with("Content-Length", "5", with("Content-Type", "a/b", func(w http.ResponseWriter) { w.WriteHeader(304) })), "HTTP/1.1 304 Not Modified|Content-Length: 5|Content-Type: a/b||", true},
	{"304 of nothing", get11, func(w http.ResponseWriter) { w.WriteHeader(304) }, "HTTP/1.1 304 Not Modified||", true},
	{"101", get11, with("Connection", "Upgrade", with("Upgrade", "x", func(w http.ResponseWriter) { w.WriteHeader(101) })), "HTTP/1.1 101 Switching Protocols|Connection: Upgrade|Upgrade: x||", false},
	{"103", get11, with("Link", "</a>", func(w http.ResponseWriter) {
		w.WriteHeader(103)
		w.Header().Del("Link")
		_, _ = w.Write([]byte("x"))
	}), "HTTP/1.1 103 Early Hints|Link: </a>||HTTP/1.1 200 OK|Content-Length: 1||x", true},
	{"100 twice", get11, func(w http.ResponseWriter) { w.WriteHeader(100); w.WriteHeader(100) }, "HTTP/1.1 100 Continue||HTTP/1.1 200 OK|Content-Length: 0||", true},

	{"HTTP/1.0", get10, write("hello"), "HTTP/1.0 200 OK|Connection: close|Content-Length: 5||hello", false},
	{"HTTP/1.0 kept", keep10, write("hello"), "HTTP/1.0 200 OK|Connection: keep-alive|Content-Length: 5||hello", true},
	{"HTTP/1.0 kept, said twice", keep10, with("Connection", "keep-alive", write("hello")), "HTTP/1.0 200 OK|Connection: keep-alive|Content-Length: 5||hello", true},
	{"HTTP/1.0 closed", keep10, with("Connection", "close", write("hello")), "HTTP/1.0 200 OK|Connection: close|Content-Length: 5||hello", false},
	{"HTTP/1.0 without length", keep10, func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("ab"))
		w.(http.Flusher).Flush()
		_, _ = w.Write([]byte("cd"))
	}, "HTTP/1.0 200 OK||abcd", false},
	{"HTTP/1.0 with trailers", keep10, func(w http.ResponseWriter) {
		w.Header().Set("Trailer", "X-T")
		_, _ = w.Write([]byte("ab"))
		w.Header().Set("X-T", "1")
	}, "HTTP/1.0 200 OK|Trailer: X-T||ab", false},
	{"HTTP/1.0 and 103", keep10, func(w http.ResponseWriter) { w.WriteHeader(103) }, "HTTP/1.0 200 OK|Connection: keep-alive|Content-Length: 0||", true},
	{"HTTP/1.0 and HEAD", "HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", func(http.ResponseWriter) {}, "HTTP/1.0 200 OK|Connection: keep-alive||", true},
}

func write(s string) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		if n, err := w.Write([]byte(s)); n != len(s) || err != nil {
			panic(fmt.Sprint(n, err))
		}
	}
}

func with(name, value string, h func(w http.ResponseWriter)) func(w http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set(name, value)
		h(w)
	}
}

// inOrder sorts the lines of the first heads in all, and takes Date out.
func inOrder(all string) string {
	head, rest, _ := strings.Cut(all, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	lines = slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "Date: ") })
	slices.Sort(lines[1:])
	if strings.HasPrefix(rest, "HTTP/1.") {
		rest = inOrder(rest)
	}
	return strings.Join(lines, "|") + "||" + rest
}

func TestAnswers(t *testing.T) {
	const probe = "GET /probe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
	for _, tc := range answers {
		t.Run(tc.name, func(t *testing.T) {
			c := handle(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/probe" {
					w.Header()["Date"] = nil
					w.WriteHeader(299)
					return
				}
				tc.h(w)
			}).call()
			c.say(tc.send + probe)
			got := c.ends()
			const probed = "HTTP/1.1 299 status code 299\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
			first, stays := strings.CutSuffix(got, probed)
			if stays != tc.stays {
				t.Errorf("stays: %v; got %q", stays, got)
			}
			if tc.send[:3] != "HTT" && !strings.Contains(first, "\r\nDate: ") {
				t.Errorf("no date in %q", first)
			}
			if got := inOrder(first); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestAnInvalidStatusIsAPanic(t *testing.T) {
	var panics atomic.Int32
	f := newFront(t, ServerOptions{
		Handler:  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) }),
		Panicked: func(any, []byte) { panics.Add(1) },
	})
	if all := f.exchange(get11); all != "" || panics.Load() != 1 {
		t.Errorf("got %q, %d panics", all, panics.Load())
	}
}

// counting counts the writes of a connection.
type counting struct {
	net.Conn
	writes []int
}

func (c *counting) Write(p []byte) (int, error) {
	c.writes = append(c.writes, len(p))
	return c.Conn.Write(p)
}

// over serves one end of a pipe, and returns what all that is sent there is
// answered with, until the server is done.
func over(t *testing.T, h http.HandlerFunc, send string) (all string, writes []int) {
	t.Helper()
	near, far := net.Pipe()
	c := &counting{Conn: far}
	done := make(chan struct{})
	go func() {
		defer close(done)
		NewServer(ServerOptions{Handler: h}).ServeConn(c, nil)
	}()
	go func() { _, _ = io.WriteString(near, send) }() // ends with the pipe
	_ = near.SetDeadline(time.Now().Add(20 * time.Second))
	b, err := io.ReadAll(near)
	if err != nil {
		t.Fatal(err)
	}
	<-done
	return string(b), c.writes
}

func TestASmallAnswerIsOneWrite(t *testing.T) {
	closing := strings.Replace(get11, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1)
	for name, h := range map[string]func(w http.ResponseWriter){
		"open":        write("hello"),
		"announced":   with("Content-Length", "5", write("hello")),
		"in pieces":   func(w http.ResponseWriter) { _, _ = w.Write([]byte("a")); _, _ = w.Write([]byte("b")) },
		"nothing":     func(http.ResponseWriter) {},
		"with a copy": func(w http.ResponseWriter) { _, _ = io.Copy(w, strings.NewReader("abc")) },
	} {
		if all, writes := over(t, func(w http.ResponseWriter, _ *http.Request) { h(w) }, closing); len(writes) != 1 {
			t.Errorf("%s: %d writes of %q", name, len(writes), all)
		}
	}
}

func TestReadFromCopiesAndSplices(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 20000)
	file := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	open := func() *os.File {
		f, err := os.Open(file)
		if err != nil {
			t.Error(err)
		}
		return f
	}
	stream := func() net.Conn { // a TCP connection on which the content comes
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Error(err)
		}
		defer l.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
				_, _ = c.Write(content)
				_ = c.Close()
			}
		}()
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		go func() { <-done }()
		return c
	}
	announce := func(w http.ResponseWriter, n int) { w.Header().Set("Content-Length", strconv.Itoa(n)) }
	size := len(content)
	for name, h := range map[string]func(w http.ResponseWriter) (int64, error){
		"reader, open": func(w http.ResponseWriter) (int64, error) {
			return io.Copy(w, struct{ io.Reader }{bytes.NewReader(content)})
		},
		"reader, announced": func(w http.ResponseWriter) (int64, error) {
			announce(w, size)
			return io.Copy(w, struct{ io.Reader }{bytes.NewReader(content)})
		},
		"file, announced": func(w http.ResponseWriter) (int64, error) {
			announce(w, size)
			f := open()
			defer f.Close()
			return w.(io.ReaderFrom).ReadFrom(f)
		},
		"file in parts": func(w http.ResponseWriter) (int64, error) {
			announce(w, size)
			f := open()
			defer f.Close()
			n, _ := w.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: f, N: 1000})
			_, _ = w.Write(content[1000:1010])
			_, _ = f.Seek(10, io.SeekCurrent)
			m, err := w.(io.ReaderFrom).ReadFrom(f)
			return n + m + 10, err
		},
		"connection, announced": func(w http.ResponseWriter) (int64, error) {
			announce(w, size)
			c := stream()
			defer c.Close()
			return w.(io.ReaderFrom).ReadFrom(c)
		},
		"connection, open": func(w http.ResponseWriter) (int64, error) {
			c := stream()
			defer c.Close()
			return w.(io.ReaderFrom).ReadFrom(c)
		},
		"connection, limited": func(w http.ResponseWriter) (int64, error) {
			announce(w, size)
			c := stream()
			defer c.Close()
			return w.(io.ReaderFrom).ReadFrom(&io.LimitedReader{R: c, N: int64(size)})
		},
	} {
		for _, version := range []string{"1.1", "1.0"} {
			t.Run(name+", HTTP/"+version, func(t *testing.T) {
				c := handle(t, func(w http.ResponseWriter, _ *http.Request) {
					if n, err := h(w); n != int64(size) || err != nil {
						t.Errorf("copied %d, %v", n, err)
					}
				}).call()
				for range 2 {
					c.say("GET / HTTP/" + version + "\r\nHost: h\r\n\r\n")
					if _, body := c.hear("GET"); body != string(content) {
						t.Fatalf("got %d bytes", len(body))
					}
					if version == "1.0" {
						break
					}
				}
			})
		}
	}
}

func TestReadFromHeedsTheAnnouncedLength(t *testing.T) {
	content := filepath.Join(t.TempDir(), "content")
	if err := os.WriteFile(content, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := handle(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		file, err := os.Open(content)
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close()
		if n, err := w.(io.ReaderFrom).ReadFrom(file); n != 4 || !errors.Is(err, http.ErrContentLength) {
			t.Errorf("copied %d, %v", n, err)
		}
	})
	if all := f.exchange(get11); !strings.HasSuffix(all, "\r\n\r\n0123") {
		t.Errorf("got %q", all)
	}
}

func TestAFailedWriteIsRemembered(t *testing.T) {
	failed := make(chan error, 1)
	f := handle(t, func(w http.ResponseWriter, r *http.Request) {
		p := make([]byte, 64<<10)
		for {
			if _, err := w.Write(p); err != nil {
				_, again := w.Write(p)
				if again == nil || r.Context().Err() == nil {
					t.Errorf("then %v, context %v", again, r.Context().Err())
				}
				failed <- err
				return
			}
		}
	})
	c := f.call()
	c.say(get11)
	c.expect("\r\n\r\n")
	_ = c.SetLinger(0)
	_ = c.Close()
	if err := <-failed; err == nil {
		t.Error("no error")
	}
}

func TestAWriteDeadlineEndsAWriteAndIsLiftedWithTheAnswer(t *testing.T) {
	ended := make(chan error, 1)
	f := newFront(t, ServerOptions{Write: time.Hour, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		switch r.URL.Path {
		case "/soon":
			_ = control.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = w.Write([]byte("x"))
			_ = control.Flush()
		case "/wait":
			time.Sleep(1100 * time.Millisecond) // past the deadline of the request before
			_, _ = w.Write(make([]byte, 100<<10))
		default:
			_ = control.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			_, err := io.Copy(w, endless{})
			ended <- err
		}
	})})
	c := f.call()
	for _, path := range []string{"/soon", "/wait", "/soon", "/wait"} {
		c.say("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n")
		if _, body := c.hear("GET"); len(body) == 0 {
			t.Errorf("%s: got nothing", path)
		}
	}
	c.say("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n")
	if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("writing ended with %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
