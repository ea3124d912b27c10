package backend

import (
	"bytes"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"
)

// What a check's answer says is one of a few things, and a backend that is not
// well is never taken for one that is.
func FuzzFinding(f *testing.F) {
	for _, s := range []struct{ header, body string }{
		{"", "ok"}, {"now", ""}, {" When-Idle ", "ok"}, {"", "drain"}, {"", " \r\n\tdrain: yes"}, {"", "draining"}, {"", "drain\xff"}, {"", ""},
	} {
		f.Add(s.header, []byte(s.body), 200)
	}
	f.Add("", []byte("drain"), 503)
	f.Add("", bytes.Repeat([]byte(" "), 2*probeWordLimit), 404)
	const word = "drain"
	f.Fuzz(func(t *testing.T, header string, body []byte, status int) {
		p := &prober{rule: CheckOptions{StatusMin: 200, StatusMax: 399, DrainWord: word}}
		rest := bytes.NewReader(body)
		got := p.read(&http.Response{StatusCode: status, Header: http.Header{DrainHeader: {header}}, Body: io.NopCloser(rest)})
		asks := textproto.TrimString(header) != "" || slices.Contains(strings.FieldsFunc(string(body), func(r rune) bool {
			return strings.ContainsRune(" \t\r\n,;.:!", r)
		}), word)
		switch {
		case !got.answered:
			t.Fatalf("%d, %q, %q: it is not said to have answered", status, header, body)
		case got.drain != "" && (!asks || got.failure != nil):
			t.Fatalf("%d, %q, %q: %+v", status, header, body, got)
		case got.drain == "" && (got.failure == nil) != (status >= 200 && status <= 399):
			t.Fatalf("%d, %q, %q: %+v", status, header, body, got)
		case !slices.Contains([]DrainMode{"", Keep, WhenIdle, Now}, got.drain):
			t.Fatalf("a drain %q", got.drain)
		case len(body)-rest.Len() > probeWordLimit+probeBodyLimit:
			t.Fatalf("%d bytes were read", len(body)-rest.Len())
		}
		if begins(body, word) && !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte(word)) {
			t.Fatalf("%q begins with it", body)
		}
	})
}
