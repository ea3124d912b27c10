package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sterling/internal/proxytest"
)

// All that the door may do to the fields of a request is below; every other goes
// on as it came, its lines in their order.
var (
	// ofTheHop end at the door, as do those that Connection names.
	ofTheHop = []string{
		"connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization",
		"te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
	}
	// fromAnybody are claims that a backend might believe. A name with an
	// underscore is dropped, too, because it may read as one of them.
	fromAnybody = []string{
		"forwarded", "forwarded-for", "x-forwarded", "x-real-ip", "x-request-id", "x-original-url", "client-cert",
		"proxy", "proxy-connection", "http2-settings",
	}
	families = []string{"x-forwarded-", "x-ssl-", "x-client-cert"}
	// ofTheDoor are what it says itself of a request.
	ofTheDoor = []string{"x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-real-ip", "x-request-id"}
	// ofTheMessage say how it is framed, and are held against it elsewhere.
	ofTheMessage = []string{"host", "content-length"}
	// notTrailing have a meaning only before the body.
	notTrailing = []string{"host", "content-length", "cookie", "expect", "authorization", "content-type", "range"}
)

// headersDiffer says which header is not what was meant.
func (o oracle) headersDiffer(s, m *proxytest.Recorded, host string) string {
	got := byName(s.Header)
	for name, want := range map[string]string{
		"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1", "x-forwarded-host": host, "x-forwarded-proto": o.scheme, "x-forwarded-port": o.port,
	} {
		if len(got[name]) != 1 || got[name][0] != want || len(s.Alias(name)) != 1 {
			return fmt.Sprintf("%s is %q, want %q", name, got[name], want)
		}
	}
	if len(got["x-request-id"]) != 1 {
		return "the door has not named it"
	}
	want := o.endToEnd(s, m)
	for name, values := range goesOn(m) {
		want[name] = values
	}
	for _, name := range slices.Concat(ofTheDoor, ofTheMessage, []string{"transfer-encoding", "trailer", "connection"}) {
		delete(got, name)
	}
	return firstDifference(got, want)
}

// endToEnd are the headers that the door has no part in.
func (o oracle) endToEnd(s, m *proxytest.Recorded) map[string][]string {
	named := elements(m, "Connection")
	out := byName(m.Header)
	maps.DeleteFunc(out, func(name string, _ []string) bool {
		switch {
		case slices.Contains(ofTheMessage, name), slices.Contains(ofTheHop, name), claimed(name):
			return true
		}
		return slices.Contains(named, name)
	})
	if m.Proto == "HTTP/1.0" || (len(m.Body) == 0 || o.streams) && !s.Has("Expect") {
		delete(out, "expect") // nobody waits any more
	}
	if m.Proto == "HTTP/3.0" {
		delete(out, "early-data") // the door says so, or nobody
	}
	if m.Get("User-Agent") == "" {
		delete(out, "user-agent") // an empty one is none
	}
	return out
}

// claimed reports whether a field is one that anybody could send, or one that a
// backend may take for it: to some, all punctuation is the same.
func claimed(name string) bool {
	folded := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, name)
	return strings.Contains(name, "_") || slices.Contains(fromAnybody, folded) ||
		slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(folded, f) })
}

// goesOn are those of the hop that the next one has anew: that trailers are
// taken, and an upgrade to websocket, which wants a GET without a body.
func goesOn(m *proxytest.Recorded) map[string][]string {
	out := map[string][]string{}
	if slices.Contains(elements(m, "Te"), "trailers") {
		out["te"] = []string{"trailers"}
	}
	asked := m.Method == "GET" && m.Proto == "HTTP/1.1" && len(m.Body) == 0 && slices.Contains(elements(m, "Connection"), "upgrade")
	if asked && slices.Contains(elements(m, "Upgrade"), "websocket") && len(m.Get("Sec-Websocket-Key")) == 24 {
		out["upgrade"] = []string{"websocket"}
	}
	return out
}

// trailersDiffer says which trailer is not what was meant. One that was not
// announced may end at the door.
func trailersDiffer(s, m *proxytest.Recorded) string {
	got, want := byName(s.Trailer), byName(m.Trailer)
	announced := elements(m, "Trailer")
	if !s.Has("Transfer-Encoding") {
		want = nil // there is no place for them
	}
	maps.DeleteFunc(want, func(name string, _ []string) bool {
		return claimed(name) || slices.Contains(ofTheHop, name) || slices.Contains(notTrailing, name) ||
			!slices.Contains(announced, name) && got[name] == nil
	})
	for _, name := range elements(s, "Trailer") {
		if !slices.Contains(announced, name) && want[name] == nil {
			return fmt.Sprintf("nobody has announced the trailer %q", name)
		}
	}
	if problem := firstDifference(got, want); problem != "" {
		return "of the trailers, " + problem
	}
	return ""
}

func firstDifference(got, want map[string][]string) string {
	for name, values := range got {
		if !slices.Equal(values, want[name]) {
			return fmt.Sprintf("%s is %q, want %q", name, values, want[name])
		}
	}
	for name, values := range want {
		if len(got[name]) == 0 {
			return fmt.Sprintf("%s is missing, want %q", name, values)
		}
	}
	return ""
}

// byName has the values of each name, in lower case.
func byName(fields []proxytest.Field) map[string][]string {
	out := map[string][]string{}
	for _, f := range fields {
		name := strings.ToLower(f.Name)
		out[name] = append(out[name], f.Value)
	}
	return out
}

// elements are those of a list, in lower case.
func elements(r *proxytest.Recorded, name string) []string {
	var out []string
	for e := range strings.SplitSeq(r.Get(name), ",") {
		if e = strings.Trim(e, " \t"); e != "" {
			out = append(out, strings.ToLower(e))
		}
	}
	return out
}
