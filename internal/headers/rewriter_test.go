package headers

import (
	"maps"
	"net/http"
	"slices"
	"testing"
)

func TestAnswerComesToNameTheFrontDoor(t *testing.T) {
	r, backend := poolOf(t, "http://b1:9101", "http://b2:9101")
	h := http.Header{
		"Location":         {"http://b2:9101/login"},
		"Content-Location": {"//b1:9101/x"},
		"Set-Cookie":       {"a=b; Domain=b1", "c=d; Domain=example.org", "e=f"},
		"Link":             {"<http://b1:9101/>; rel=next"},
	}
	r.Answer(h, Front{"https", "www.example.org"}, backend)
	want := http.Header{
		"Location":         {"https://www.example.org/login"},
		"Content-Location": {"https://www.example.org/x"},
		"Set-Cookie":       {"a=b", "c=d; Domain=example.org", "e=f"},
		"Link":             {"<http://b1:9101/>; rel=next"},
	}
	if !maps.EqualFunc(h, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", h, want)
	}
}

func TestAnswerWithoutLinksCostsNoAllocation(t *testing.T) {
	r, backend := poolOf(t, "http://b1:9101")
	h := http.Header{"Content-Type": {"text/html"}, "Set-Cookie": {"a=b; Path=/"}, "Location": {"/relative"}}
	if n := testing.AllocsPerRun(100, func() { r.Answer(h, Front{"https", "h"}, backend) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCleanAnswerAndPassAnswerAreAllInOne(t *testing.T) {
	r, backend := poolOf(t, "http://b1:9101")
	answer := func() http.Header {
		return http.Header{
			"Connection": {"keep-alive, X-Hop"}, "X-Hop": {"1"}, "Keep-Alive": {"timeout=5"}, "Transfer-Encoding": {"chunked"},
			"Location": {"http://b1:9101/login"}, "Content-Location": {"//b1:9101/x"}, "Set-Cookie": {"e=f", "a=b; Domain=b1"}, "Etag": {"x"},
		}
	}
	front := Front{"https", "www.example.org"}
	both, one, clean := answer(), answer(), answer()
	r.CleanAnswer(clean, front, backend)
	RemoveHopByHop(both)
	r.Answer(both, front, backend)
	if !maps.EqualFunc(clean, both, slices.Equal) {
		t.Errorf("got  %v\nwant %v", clean, both)
	}
	passed := http.Header{"X-Hop": {"ours"}}
	r.PassAnswer(passed, one, front, backend)
	both["X-Hop"] = []string{"ours"} // what the answer's Connection names is nothing of ours
	if !maps.EqualFunc(passed, both, slices.Equal) {
		t.Errorf("got  %v\nwant %v", passed, both)
	}
}

func TestAnswerLeavesSharedLinesAlone(t *testing.T) {
	r, backend := poolOf(t, "http://b1:9101")
	lines := []string{"e=f", "a=b; Domain=b1"}
	h := http.Header{"Set-Cookie": lines}
	r.Answer(h, Front{"https", "h"}, backend)
	if !slices.Equal(lines, []string{"e=f", "a=b; Domain=b1"}) || !slices.Equal(h["Set-Cookie"], []string{"e=f", "a=b"}) {
		t.Errorf("the lines are %q, the header %q", lines, h)
	}
}

func BenchmarkRewriterAnswer(b *testing.B) {
	r, backend := poolOf(b, "http://b1:9101", "http://b2:9101")
	for name, extra := range map[string]http.Header{
		"plain": nil, "cookie": {"Set-Cookie": {"a=b; Path=/; HttpOnly"}}, "relative": {"Location": {"/login"}},
	} {
		b.Run(name, func(b *testing.B) {
			h := http.Header{"Content-Type": {"text/html"}, "Content-Length": {"872"}, "Date": {"x"}, "Server": {"x"}, "Etag": {"x"}, "Last-Modified": {"x"}}
			maps.Copy(h, extra)
			b.ReportAllocs()
			for b.Loop() {
				r.Answer(h, Front{"https", "www.example.org"}, backend)
			}
		})
		b.Run("clean "+name, func(b *testing.B) {
			h := http.Header{"Content-Type": {"text/html"}, "Content-Length": {"872"}, "Date": {"x"}, "Server": {"x"}, "Etag": {"x"}, "Last-Modified": {"x"}}
			maps.Copy(h, extra)
			b.ReportAllocs()
			for b.Loop() {
				r.CleanAnswer(h, Front{"https", "www.example.org"}, backend)
			}
		})
		b.Run("passed on "+name, func(b *testing.B) {
			h := http.Header{"Content-Type": {"text/html"}, "Content-Length": {"872"}, "Date": {"x"}, "Server": {"x"}, "Etag": {"x"}, "Last-Modified": {"x"}}
			maps.Copy(h, extra)
			b.ReportAllocs()
			to := http.Header{}
			for b.Loop() {
				r.PassAnswer(to, h, Front{"https", "www.example.org"}, backend)
				clear(to)
			}
		})
	}
}
