package http1

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// patient is a server with another time than unsureTime.
func patient(o ServerOptions, unsure time.Duration) *Server {
	s := NewServer(o)
	s.unsure = unsure
	return s
}

// volley is some requests, and what their answers' bodies are.
func volley(round int) (send string, want []string) {
	for i := range 1 + rand.IntN(4) {
		mark := fmt.Sprintf("/%d.%d", round, i)
		var body string
		if rand.IntN(4) == 0 {
			body = strings.Repeat("b", rand.IntN(6000))
		}
		switch {
		case body == "":
			send += "GET " + mark + " HTTP/1.1\r\nHost: h\r\n\r\n"
		case rand.IntN(2) == 0:
			send += fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", mark, len(body), body)
		default:
			send += fmt.Sprintf("PUT %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", mark, len(body), body)
		}
		want = append(want, mark+body)
	}
	return send, want
}

// inPieces writes s with cuts and pauses at random.
func inPieces(t *testing.T, w io.Writer, s string) {
	for len(s) > 0 {
		n := len(s)
		if rand.IntN(3) > 0 {
			n = 1 + rand.IntN(n)
		}
		if _, err := io.WriteString(w, s[:n]); err != nil {
			t.Error(err)
			return
		}
		s = s[n:]
		switch rand.IntN(4) {
		case 0:
			runtime.Gosched()
		case 1:
			for end := time.Now().Add(time.Duration(rand.IntN(100)) * time.Microsecond); time.Now().Before(end); {
			}
		}
	}
}

// Requests that come at the worst moments, while the one before is answered or
// right before the server waits, are answered at once. Where the server misses
// one, it waits for an hour here.
func TestNoRequestIsMissedWhileAnotherIsAnswered(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
		if rand.IntN(8) == 0 {
			w.(http.Flusher).Flush()
		}
		_, _ = io.Copy(w, r.Body)
	})
	rounds := 1500
	if testing.Short() {
		rounds = 100
	}
	for _, over := range []string{"TCP", "TLS"} {
		t.Run(over, func(t *testing.T) {
			s := patient(ServerOptions{Handler: h, Idle: time.Hour, Header: time.Hour}, time.Hour)
			var f *front
			if over == "TCP" {
				f = frontOf(t, s)
			} else {
				f = tlsFrontOf(t, s, true)
			}
			var wg sync.WaitGroup
			for range 3 {
				c, w := f.call(), io.Writer(nil)
				if w = c.TCPConn; over == "TLS" {
					s, raw := f.callTLS()
					w, c = s.Conn, &caller{TCPConn: raw, t: t, br: s.br}
				}
				wg.Go(func() { volleys(t, c, w, rounds) })
			}
			wg.Wait()
		})
	}
}

// volleys sends one while the answers to the one before may still be coming.
func volleys(t *testing.T, c *caller, w io.Writer, rounds int) {
	wants := make(chan []string, 1)
	go func() {
		defer close(wants)
		for round := range rounds {
			send, want := volley(round)
			wants <- want
			inPieces(t, w, send)
		}
	}()
	for want := range wants {
		_ = c.SetDeadline(time.Now().Add(20 * time.Second))
		for _, body := range want {
			res, err := http.ReadResponse(c.br, nil)
			if err != nil {
				t.Errorf("waiting for %.20s: %v", body, err)
				_ = c.Close()
				return
			}
			got, err := io.ReadAll(res.Body)
			if string(got) != body || err != nil {
				t.Errorf("got %.20q, want %.20q, %v", got, body, err)
				_ = c.Close()
				return
			}
		}
	}
}

// A script that half closes is not left waiting for the end.
func TestTheEndBehindTheFirstRequestsIsSeenAtOnce(t *testing.T) {
	f := frontOf(t, patient(ServerOptions{Handler: hello}, time.Hour))
	for _, send := range []string{get11, get11 + get11 + get11} {
		for range 50 {
			if all := f.exchange(send); strings.Count(all, "hello") != strings.Count(send, "GET") {
				t.Errorf("got %q", all)
			}
		}
	}
}

// An end that comes right behind a later request is found after a while.
func TestAnEndThatWasMissedIsFound(t *testing.T) {
	for _, idle := range []time.Duration{0, time.Hour} {
		under, goOn := make(chan struct{}), make(chan struct{})
		f := frontOf(t, patient(ServerOptions{Idle: idle, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "PUT" {
				under <- struct{}{}
				<-goOn
			}
			hello(w, r)
		})}, 10*time.Millisecond))
		c := f.call()
		for range 3 {
			c.say(get11)
			c.hear("GET")
		}
		c.say("PUT / HTTP/1.1\r\nHost: h\r\n\r\n")
		<-under
		c.say(get11) // comes with the end behind it
		_ = c.CloseWrite()
		time.Sleep(time.Millisecond)
		close(goOn)
		c.hear("PUT")
		c.hear("GET")
		if all := c.ends(); all != "" {
			t.Errorf("got %q", all)
		}
	}
}

// The doubt whether an end was missed does not make the wait for a request
// shorter, nor end the connection.
func TestAnIdleConnectionOutlivesTheDoubt(t *testing.T) {
	f := frontOf(t, patient(ServerOptions{Handler: hello, Idle: time.Hour}, time.Millisecond))
	c := f.call()
	for range 10 {
		c.say(get11)
		c.hear("GET")
		time.Sleep(3 * time.Millisecond)
	}
}
