package http1

import (
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func expecting(t *testing.T) *http.Request {
	t.Helper()
	r := request(t, "POST", 5)
	r.Header.Set("Expect", "100-Continue")
	return r
}

func TestABodyWaitsForA100(t *testing.T) {
	for name, before := range map[string]string{
		"100":           "HTTP/1.1 100 Continue\r\n\r\n",
		"103, then 100": "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
		"100 twice":     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.head()
					s.say(before)
					_, _ = io.ReadFull(s.br, make([]byte, 5))
					s.say(ok + "Content-Length: 2\r\n\r\nhi")
				})
				began := time.Now()
				_, body, err := fetch(c, &Exchange{Request: expecting(t), Body: strings.NewReader("hello"), Response: time.Minute})
				if err != nil || body != "hi" || !c.Reusable() {
					t.Errorf("%q, %v", body, err)
				}
				if time.Since(began) != 0 {
					t.Errorf("it took %v", time.Since(began))
				}
			})
		})
	}
}

func TestABodyIsNotSentAfterAFinalAnswer(t *testing.T) {
	after := make(chan string, 1)
	c := newServer(t, func(s *server) {
		s.head()
		s.say("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
		after <- s.drain()
	})
	body := &closing{Reader: strings.NewReader("hello")}
	res, text, err := fetch(c, &Exchange{Request: expecting(t), Body: body})
	if err != nil || res.StatusCode != 417 || text != "no" {
		t.Errorf("%q, %v", text, err)
	}
	if c.Reusable() {
		t.Error("the server may still wait for the body")
	}
	if got := <-after; got != "" {
		t.Errorf("it got %q", got)
	}
	if body.closed != 1 {
		t.Errorf("the body was closed %d times", body.closed)
	}
}

type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error {
	c.closed++
	return nil
}

// A server that knows no Expect waits for the body, whatever it says first.
func TestABodyIsSentAfterSilence(t *testing.T) {
	for name, before := range map[string]string{"nothing": "", "103": "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.head()
					s.say(before)
					_, _ = io.ReadFull(s.br, make([]byte, 5))
					s.say(ok + "Content-Length: 2\r\n\r\nhi")
				})
				began := time.Now()
				_, body, err := fetch(c, &Exchange{
					Request: expecting(t), Body: strings.NewReader("hello"),
					Suspect: time.Millisecond, OnSuspect: func() time.Duration { t.Error("suspected"); return 0 }, Response: time.Millisecond,
				})
				if err != nil || body != "hi" || !c.Reusable() {
					t.Errorf("%q, %v", body, err)
				}
				if time.Since(began) != expectPatience {
					t.Errorf("it took %v", time.Since(began))
				}
			})
		})
	}
}

func TestInformationalAnswersArePassedOn(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.request()
		s.say("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\n" + ok + "Content-Length: 0\r\n\r\n")
	})
	var got []string
	_, _, err := fetch(c, &Exchange{Request: get(t), Got1xx: func(code int, h textproto.MIMEHeader) error {
		got = append(got, http.StatusText(code)+strings.Join(h["Link"], ","))
		return nil
	}})
	if err != nil || strings.Join(got, ";") != "Processing;Early Hintsa,b" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAnErrorAboutAnInformationalAnswerEndsTheExchange(t *testing.T) {
	c := newServer(t, func(s *server) {
		s.request()
		s.say("HTTP/1.1 103 Early Hints\r\n\r\n")
		s.drain()
	})
	e := mustFail(t, c, &Exchange{Request: get(t), Got1xx: func(int, textproto.MIMEHeader) error { return errTest }})
	if !errors.Is(e, errTest) || !e.Seen || c.Reusable() {
		t.Errorf("got %+v", e)
	}
}
