package integration

import (
	"slices"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// oddH2 is an odd request of HTTP/2 or HTTP/3, which could become something else on its
// way into HTTP/1.1.
type oddH2 struct {
	name   string
	fields []proxytest.Field // besides or in place of the usual ones
	data   []string          // DATA frames; none: the stream ends with its head
	want   outcome           // refused, passed or either
	check  check
}

// usual are the pseudo-header fields of a plain request, with those of the
// same name taken from instead.
func usual(instead []proxytest.Field) []proxytest.Field {
	out := []proxytest.Field{{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "localhost"}, {Name: ":path", Value: "/a"}}
	for i, f := range out {
		for j, g := range instead {
			if g.Name == f.Name && !slices.ContainsFunc(instead[:j], func(h proxytest.Field) bool { return h.Name == g.Name }) {
				out[i] = g
			}
		}
	}
	seen := map[string]bool{}
	for _, g := range instead {
		pseudo := slices.ContainsFunc(out[:4], func(f proxytest.Field) bool { return f.Name == g.Name })
		if pseudo && !seen[g.Name] {
			seen[g.Name] = true
			continue
		}
		out = append(out, g)
	}
	return slices.DeleteFunc(out, func(f proxytest.Field) bool { return f.Value == "(absent)" })
}

func oddStreams() []oddH2 {
	field := func(name, value string) []proxytest.Field { return []proxytest.Field{{Name: name, Value: value}} }
	no := func(name, value string) oddH2 {
		return oddH2{name: name + ": " + proxytest.Quote(value), fields: field(name, value)}
	}
	out := []oddH2{
		no("x-a", "b\r\nX-B: c"), no("x-a", "b\nc"), no("x-a", "b\rc"), no("x-a", "b\x00c"), no("x-a\r\nx-b", "c"), no("x a", "b"), no("X-A", "b"), no("", "b"), no("x:a", "b"),
		no("connection", "x-a"), no("transfer-encoding", "chunked"), no("te", "chunked"), no("upgrade", "h2c"), no("keep-alive", "300"), no("proxy-connection", "keep-alive"),
		no(":path", "/a b"), no(":path", "/a\r\nX: y"), no(":path", "a"), no(":path", ""), no(":path", "/a#b"), no(":path", "/a\x00"), no(":path", "(absent)"), no(":path", "/a HTTP/1.1\r\nHost: evil"),
		no(":method", "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\nGET"), no(":method", ""), no(":method", "(absent)"), no(":method", "G T"),
		no(":authority", "localhost\r\nX: y"), no(":authority", "user@localhost"), no(":authority", "localhost:99999x"), no(":authority", "local host"),
		no(":scheme", "(absent)"), no(":scheme", "ftp"), no(":scheme", ""), no(":scheme", "https "), no(":scheme", "https:"), no(":scheme", "https://x/?"), no(":scheme", "https://evil/smuggled?x="),
		no(":scheme", "https /smuggled HTTP/1.1"), no(":scheme", "https\r\nX: y"), no(":scheme", "https\n"), no(":scheme", "https\r"), no(":scheme", "https\x00"), no(":scheme", "http\xffs"), no(":scheme", "https, http"),
		no(":unknown", "x"), no(":status", "200"), no("x-a", " b"), no("x-a", "b\t"),
		{name: "path twice", fields: []proxytest.Field{{Name: ":path", Value: "/a"}, {Name: ":path", Value: "/b"}}},
		{name: "pseudo-header behind a header", fields: []proxytest.Field{{Name: "x-a", Value: "b"}, {Name: ":path", Value: "/b"}, {Name: ":path", Value: "/c"}}},
		{name: "host that differs", fields: field("host", "evil"), want: either, check: is("Host", "localhost")},
		{name: "length without data", fields: field("content-length", "5")},
		{name: "length over the data", fields: field("content-length", "50"), data: []string{"hello"}, want: cut},
		{name: "length under the data", fields: field("content-length", "3"), data: []string{"hello"}, want: cut},
		{name: "length that is none", fields: field("content-length", "+5"), data: []string{"hello"}, want: cut},
		{name: "empty length", fields: field("content-length", ""), data: []string{"hello"}},
		{name: "length under the data, in two frames", fields: field("content-length", "5"), data: []string{"hello", "more"}, want: cut},
		{name: "length of the data, in two frames", fields: field("content-length", "9"), data: []string{"hello", "more"}, want: passed, check: all(body("hellomore"), is("Content-Length", "9"))},
		{name: "lengths that differ", fields: []proxytest.Field{{Name: "content-length", Value: "5"}, {Name: "content-length", Value: "6"}}, data: []string{"hello"}, want: cut},
		{name: "chunks inside data", data: []string{"5\r\nhello\r\n0\r\n\r\n"}, want: passed, check: body("5\r\nhello\r\n0\r\n\r\n")},
		{name: "a request inside data", data: []string{"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"}, want: passed, check: body("0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")},
		{name: "cookie crumbs", fields: []proxytest.Field{{Name: "cookie", Value: "a=b"}, {Name: "cookie", Value: "c=d"}}, want: passed, check: is("Cookie", "a=b; c=d")},
		{name: "te: trailers", fields: field("te", "trailers"), want: passed},
		{name: "underscore alias", fields: field("x_forwarded_for", "6.6.6.6"), want: passed, check: func(r *proxytest.Recorded) string {
			if names := r.Alias("X-Forwarded-For"); len(names) != 1 || r.Get("X-Forwarded-For") == "6.6.6.6" {
				return "the alias was passed on"
			}
			return ""
		}},
	}
	return append(out, oddH2{name: "header list of 40 KiB", fields: field("x-a", strings.Repeat("b", 40<<10))})
}

// atRecorder runs a door in front of a backend that records.
func atRecorder(t *testing.T) (*proxytest.Sterling, *proxytest.Recorder) {
	t.Helper()
	rec := proxytest.NewRecorder(t, nil)
	config := strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nhosts = [\"localhost\"]", 1)
	return proxytest.Start(t, proxytest.Options{Config: config}), rec
}

func TestOddStreamsNeverBecomeAnotherRequest(t *testing.T) {
	t.Parallel()
	p, rec := atRecorder(t)
	addr, plain := p.Addr("front"), p.Addr("plain")
	for _, o := range oddStreams() {
		t.Run(o.name, func(t *testing.T) {
			rec.Reset()
			h := proxytest.DialH2(t, addr, p.CA, "localhost")
			if err := h.Open(1, len(o.data) == 0, usual(o.fields)...); err != nil {
				t.Fatal(err)
			}
			for i, d := range o.data {
				_ = h.WriteData(1, i == len(o.data)-1, []byte(d)) // a door that hung up shows in the answer
			}
			a := h.Answer(1)
			_ = h.Close()
			if problem := o.judge(a.Status, a.Reset || a.GoAway, settled(t, plain, rec)); problem != "" {
				t.Errorf("%s: answer %v", problem, a)
			}
		})
	}
}

func TestOddStreamsNeverBecomeAnotherRequestOverHTTP3(t *testing.T) {
	t.Parallel()
	p, rec := atRecorder(t)
	c, plain := proxytest.DialH3(t, p.Addr("front"), p.CA, "localhost"), p.Addr("plain")
	for _, o := range oddStreams() {
		t.Run(o.name, func(t *testing.T) {
			rec.Reset()
			sent := [][]byte{proxytest.H3Fields(usual(o.fields)...)}
			for _, d := range o.data {
				sent = append(sent, proxytest.H3Frame(proxytest.H3Data, []byte(d)))
			}
			a := proxytest.AskH3(t, c, sent...)
			if a.Closed {
				t.Fatal("the connection has ended, and all others on it") // of each of these the stream is at fault
			}
			if problem := o.judge(a.Status, a.Code != 0, settled(t, plain, rec)); problem != "" {
				t.Errorf("%s: answer %v", problem, a)
			}
		})
	}
}

func (o oddH2) judge(status string, reset bool, seen []*proxytest.Recorded) string {
	good := strings.HasPrefix(status, "2")
	if o.want == passed || o.want == either && good {
		if !good || len(seen) != 1 || !seen[0].WellFormed() {
			return "want one well-formed request passed on, backend saw " + list(seen)
		}
		if o.check != nil {
			return o.check(seen[0])
		}
		return ""
	}
	for _, r := range seen {
		if o.want == refused || r.Complete {
			return "the backend must not see it: " + list(seen)
		}
	}
	if !reset && !strings.HasPrefix(status, "4") {
		return "want a refusal"
	}
	return ""
}

func list(seen []*proxytest.Recorded) string {
	var out []string
	for _, r := range seen {
		out = append(out, r.String())
	}
	return "[" + strings.Join(out, "] [") + "]"
}
