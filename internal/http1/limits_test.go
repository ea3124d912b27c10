package http1

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASilentServerIsSuspectedAndThenGivenUp(t *testing.T) {
	for _, tc := range []struct {
		name              string
		suspect, response time.Duration
		body              string
		again             []time.Duration
		suspected         []time.Duration
	}{
		{"both", time.Second, 10 * time.Second, "", nil, []time.Duration{time.Second}},
		{"both, with a body", time.Second, 10 * time.Second, "hello", nil, []time.Duration{time.Second}},
		{"more than once", time.Second, 10 * time.Second, "", []time.Duration{3 * time.Second, 2 * time.Second, 10 * time.Second},
			[]time.Duration{time.Second, 3 * time.Second, 3 * time.Second}},
		{"no suspicion", 0, 10 * time.Second, "", nil, nil},
		{"suspicion too late", 20 * time.Second, 10 * time.Second, "", nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) { s.drain() })
				var at []time.Duration
				began := time.Now()
				x := &Exchange{
					Request: request(t, "POST", int64(len(tc.body))), Suspect: tc.suspect, Response: tc.response, BodyIdle: time.Hour,
					OnSuspect: func() time.Duration {
						at = append(at, time.Since(began))
						if len(at) > len(tc.again) {
							return 0
						}
						return tc.again[len(at)-1]
					},
				}
				if tc.body != "" {
					x.Body = strings.NewReader(tc.body)
				}
				e := mustFail(t, c, x)
				if !e.Timeout || e.Phase != PhaseWait || e.Seen || !e.Sent || e.Unprocessed || time.Since(began) != tc.response {
					t.Errorf("after %v: %+v", time.Since(began), e)
				}
				if !slices.Equal(at, tc.suspected) {
					t.Errorf("suspected after %v", at)
				}
			})
		})
	}
}

func TestASuspectMayStillAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			for r, _ := s.request(); r != nil; r, _ = s.request() {
				time.Sleep(time.Hour)
				s.say(ok + "Content-Length: 2\r\n\r\nhi")
			}
		})
		for range 2 {
			suspected := 0
			_, body, err := fetch(c, &Exchange{Request: get(t), Suspect: time.Second, OnSuspect: func() time.Duration { suspected++; return 0 }})
			if err != nil || body != "hi" || suspected != 1 || !c.Reusable() {
				t.Errorf("%q, %v, suspected %d times", body, err, suspected)
			}
			time.Sleep(time.Hour) // no deadline is left on the connection
		}
	})
}

func TestInformationalAnswersDoNotExtendTheResponseLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.request()
			for range 12 {
				s.say("HTTP/1.1 102 Processing\r\n\r\n")
				time.Sleep(time.Second)
			}
		})
		began := time.Now()
		e := mustFail(t, c, &Exchange{
			Request: get(t), Response: 10*time.Second + 1, BodyIdle: time.Hour,
			Suspect: time.Second / 2, OnSuspect: func() time.Duration { t.Error("a server that has spoken is suspected"); return 0 },
		})
		if !e.Timeout || !e.Seen || time.Since(began) != 10*time.Second+1 {
			t.Errorf("after %v: %+v", time.Since(began), e)
		}
	})
}

func TestAHeadThatTricklesIsBoundedAsAWhole(t *testing.T) {
	for name, x := range map[string]*Exchange{
		"body idle": {BodyIdle: 10 * time.Second, Response: time.Hour},
		"response":  {Response: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.request()
					for _, b := range strings.Split(ok+"Content-Length: 0\r\n\r\n", "") {
						s.say(b)
						time.Sleep(time.Second)
					}
				})
				x.Request = get(t)
				began := time.Now()
				e := mustFail(t, c, x)
				if !e.Timeout || e.Phase != PhaseHead || time.Since(began) != 10*time.Second {
					t.Errorf("after %v: %+v", time.Since(began), e)
				}
			})
		})
	}
}

func TestAnAnswersBodyMustMakeProgress(t *testing.T) {
	for name, head := range map[string]string{
		"length":  "Content-Length: 10\r\n\r\n",
		"chunked": "Transfer-Encoding: chunked\r\n\r\n8\r\n",
		"to end":  "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newServer(t, func(s *server) {
					s.request()
					s.say(ok + head)
					for range 5 {
						time.Sleep(8 * time.Second)
						s.say("x")
					}
					s.drain()
				})
				began := time.Now()
				_, body, err := fetch(c, &Exchange{Request: get(t), BodyIdle: 10 * time.Second, Response: time.Second})
				if body != "xxxxx" || err == nil {
					t.Fatalf("%q, %v", body, err)
				}
				// The deadline is pushed in steps of an eighth of the limit.
				e, took := asError(t, err), time.Since(began)
				if !e.Timeout || e.Phase != PhaseBody || took < 48*time.Second || took > 50*time.Second {
					t.Errorf("after %v: %+v", took, e)
				}
			})
		})
	}
}

// A reader that rests, because the client is slow, is no fault of the server.
func TestASlowReaderIsNotTheServersFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.request()
			s.say(ok+"Content-Length: 2\r\n\r\n", "a", "b")
		})
		res, err := c.RoundTrip(&Exchange{Request: get(t), BodyIdle: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			time.Sleep(time.Hour)
			if n, err := res.Body.Read(make([]byte, 5)); n != 1 {
				t.Fatal(n, err)
			}
		}
	})
}

func TestNoLimitIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.request()
			for _, part := range []string{"", "H", "TTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "x"} {
				time.Sleep(24 * time.Hour)
				s.say(part)
			}
		})
		if _, body, err := fetch(c, &Exchange{Request: get(t)}); err != nil || body != "x" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestALimitOfTheHeadIsNoneOfTheBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			s.request()
			s.say(ok + "Content-Length: 1\r\n\r\n")
			time.Sleep(24 * time.Hour)
			s.say("x")
		})
		if _, body, err := fetch(c, &Exchange{Request: get(t), Response: time.Second}); err != nil || body != "x" {
			t.Errorf("%q, %v", body, err)
		}
	})
}

func TestALimitOfOneExchangeIsNoneOfTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newServer(t, func(s *server) {
			for r, _ := s.request(); r != nil; r, _ = s.request() {
				s.say(ok + "Content-Length: 2\r\n\r\nhi")
			}
		})
		for _, idle := range []time.Duration{time.Second, 0} {
			if _, _, err := fetch(c, &Exchange{Request: get(t), BodyIdle: idle, Response: idle}); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
		}
	})
}
