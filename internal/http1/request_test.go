package http1

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// wire returns a request's head, its header lines in order of the alphabet.
func wire(t *testing.T, r *http.Request, body bool) string {
	t.Helper()
	out, err := appendHead(nil, r, body)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\r\n\r\n"), "\r\n")
	slices.Sort(lines[2:])
	return strings.Join(lines, "\n")
}

func TestARequestIsWrittenAsItIs(t *testing.T) {
	header := http.Header{
		"A": {"1", "2"}, "Te": {"trailers"}, "Expect": {"100-continue"},
		"Connection": {"close, Foo"}, "Keep-Alive": {"1"}, "Host": {"evil"}, "Trailer": {"Sum, Content-Length"},
		"Content-Length": {"7"}, "content-length": {"7"}, "transfer-encoding": {"chunked"}, "Transfer-Encoding": {"x"},
	}
	upgrade := http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}}
	const begin, plainHead = " /a%2Fb?c HTTP/1.1\nHost: app", "\nA: 1\nA: 2\n"
	for _, tc := range []struct {
		name, method string
		length       int64
		body         bool
		header       http.Header
		want         string
	}{
		{"no body", "GET", 0, false, header, "GET" + begin + plainHead + "Te: trailers"},
		{"no body of a post", "POST", 5, false, header, "POST" + begin + plainHead + "Content-Length: 0\nTe: trailers"},
		{"length", "PUT", 5, true, header, "PUT" + begin + plainHead + "Content-Length: 5\nExpect: 100-continue\nTe: trailers"},
		{"length 0", "PUT", 0, true, nil, "PUT" + begin + "\nContent-Length: 0"},
		{"chunked", "PUT", -1, true, header, "PUT" + begin + plainHead + "Expect: 100-continue\nTe: trailers\nTrailer: Sum\nTransfer-Encoding: chunked"},
		{"upgrade", "GET", 0, false, upgrade, "GET" + begin + "\nConnection: Upgrade\nUpgrade: websocket"},
		{"upgrade without its token", "GET", 0, false, http.Header{"Upgrade": {"websocket"}}, "GET" + begin},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := request(t, tc.method, tc.length)
			r.URL, r.Host, r.Header = &url.URL{Opaque: "/a%2Fb?c"}, "app", tc.header
			if got := wire(t, r, tc.body); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

func TestTrailersAreAnnouncedByNameAndInOrder(t *testing.T) {
	r := request(t, "POST", -1)
	r.Trailer = http.Header{"Z": nil, "A": nil, "Content-Length": nil, "B\r\nC": nil}
	got := wire(t, r, true)
	if want := "\nTrailer: A\nTrailer: Z\nTransfer-Encoding: chunked"; !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s", got)
	}
}

func TestTheHostOfTheURLStandsInForNone(t *testing.T) {
	r := get(t)
	r.Host = ""
	if got := wire(t, r, false); !strings.Contains(got, "\nHost: app.example") {
		t.Error(got)
	}
}

func TestARequestThatCannotBeWrittenSendsNothing(t *testing.T) {
	for name, spoil := range map[string]func(r *http.Request){
		"method":          func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\nA: b" },
		"connect":         func(r *http.Request) { r.Method = "CONNECT" },
		"space in target": func(r *http.Request) { r.URL.Opaque = "/a b" },
		"crlf in target":  func(r *http.Request) { r.URL.Opaque = "/a\r\nA:b" },
		"host":            func(r *http.Request) { r.Host = "a\r\nB:c" },
		"no host":         func(r *http.Request) { r.Host, r.URL.Host = "", "" },
		"header name":     func(r *http.Request) { r.Header["A b"] = []string{"c"} },
		"header value":    func(r *http.Request) { r.Header["A"] = []string{"b\r\nC: d"} },
		"nul":             func(r *http.Request) { r.Header["A"] = []string{"\x00"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := newServer(t, func(s *server) {
				for r, _ := s.request(); r != nil; r, _ = s.request() {
					s.say(ok + "X: " + r.URL.Path + "\r\nContent-Length: 0\r\n\r\n")
				}
			})
			r := get(t)
			spoil(r)
			if e := mustFail(t, c, &Exchange{Request: r}); e.Sent || e.Phase != PhaseWrite {
				t.Errorf("got %+v", e)
			}
			if res, _, err := fetch(c, &Exchange{Request: get(t)}); err != nil || res.Header.Get("X") != "/a" {
				t.Errorf("the next one: %v", err)
			}
		})
	}
}

var targets = []string{
	"/", "/a", "/a/b-c_d.e~f", "/a%20b", "/a b", "/ä", "/a%2Fb", "//a", "/a?b=c", "/a?", "/?x y", "*", "a", "", "/a:b@c;d=e,f+g&h$i",
	"/a!b", "/a'b", "/a(b)", "/[a]", "/a%zz", "/a\x00b", "/%C3%A4?%C3", "http://h/a?b", "/a#b",
}

func FuzzTarget(f *testing.F) {
	for _, s := range targets {
		f.Add(s, s, "", false)
		f.Add(s, "", "b=c", false)
		f.Add(s, "/other", "", true)
	}
	f.Fuzz(func(t *testing.T, path, raw, query string, force bool) {
		u := &url.URL{Path: path, RawPath: raw, RawQuery: query, ForceQuery: force}
		if got, want := string(appendTarget(nil, u)), u.RequestURI(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
