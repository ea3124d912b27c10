package integration

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// attack is what an id of docs/security.md comes to in bytes. harm reports
// whether what came of it would serve the attacker.
type attack struct {
	id, name string
	send     string
	harm     func(effect) bool

	then   string            // sent next, over a connection of its own
	fields []proxytest.Field // in place of send: a request over HTTP/2,
	data   []string          // and its DATA

	ruled bool                                                 // at a door with rules
	ask   func(*testing.T, target, *proxytest.Recorder) string // in place of send
}

// effect is what a backend saw of an attack, and the attacker of its answer.
type effect struct {
	seen   []*proxytest.Recorded
	answer string
}

// What the backend answers depends on the path.
const (
	refusing  = "/refusing" // 403, also to upgrades
	unasked   = "/unasked"  // 101, whatever the request is
	huge      = "/huge"     // 16 MiB, as fast as they are taken
	toSockets = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	localhost = "Host: localhost\r\n"
)

func answerToAttacks(r *proxytest.Recorded) proxytest.Reply {
	switch r.Target {
	case refusing:
		return proxytest.Reply{Raw: "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"}
	case unasked:
		return proxytest.Reply{Raw: switching, Do: echo}
	case huge:
		return proxytest.Reply{Raw: fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 16<<20), Do: func(c net.Conn, _ *bufio.Reader) {
			_, _ = c.Write(make([]byte, 16<<20)) // to who may hang up
		}}
	default:
		return proxytest.Reply{Raw: proxytest.OK}
	}
}

func attacks() []attack {
	return slices.Concat(framingAttacks(), streamAttacks(), upgradeAttacks(), headerAttacks(), pathAttacks(), ruleAttacks())
}

func getA(lines string) string { return "GET /a HTTP/1.1\r\n" + localhost + lines + "\r\n" }

func postA(lines, body string) string {
	return "POST /a HTTP/1.1\r\n" + localhost + lines + "\r\n" + body
}

// some reports whether the backend saw a request that is so.
func some(is func(*proxytest.Recorded) bool) func(effect) bool {
	return func(e effect) bool { return slices.ContainsFunc(e.seen, is) }
}

// broken: a request is framed in a way that others read in another.
var broken = some(func(r *proxytest.Recorded) bool { return r.Fault != "" })

// carries: a header or trailer, or one that some servers take for it.
func carries(name, value string) func(effect) bool {
	return some(func(r *proxytest.Recorded) bool {
		for _, f := range append(slices.Clone(r.Header), r.Trailer...) {
			if strings.EqualFold(strings.ReplaceAll(f.Name, "_", "-"), name) && strings.Contains(f.Value, value) {
				return true
			}
		}
		return false
	})
}

func lacks(name string) func(effect) bool {
	return some(func(r *proxytest.Recorded) bool { return !r.Has(name) })
}

func asksFor(part string) func(effect) bool {
	return some(func(r *proxytest.Recorded) bool { return strings.Contains(r.Target, part) })
}

// comesOut: the request inside has become one, which the door has not seen.
var comesOut = some(func(r *proxytest.Recorded) bool {
	return r.Target == "/smuggled" && !r.Has("X-Forwarded-For")
})

func framingAttacks() []attack {
	both := some(func(r *proxytest.Recorded) bool {
		return r.Has("Content-Length") && r.Has("Transfer-Encoding") || r.Fault != ""
	})
	twoLengths := some(func(r *proxytest.Recorded) bool { return len(r.Values("Content-Length")) > 1 || r.Fault != "" })
	return []attack{
		{id: "S1", name: "bare LF in a chunk size", send: postA("Transfer-Encoding: chunked\r\n", "5\nAAAAA\r\n0\r\n\r\n"), harm: broken},
		{id: "S2", name: "a request inside a body", send: postA("Content-Length: 46\r\n", smuggled+"\r\n\r\n"), harm: comesOut},
		{id: "S3", name: "space before the colon", send: postA("Content-Length : 5\r\n", "AAAAA"), harm: broken},
		{id: "S4", name: "a very long name", send: postA("Content-Length0"+strings.Repeat("a", 300)+": \r\nContent-Length: 5\r\n", "AAAAA"), harm: twoLengths},
		{id: "S5", name: "empty name", send: getA(": x\r\nX-Note: kept\r\n"), harm: lacks("X-Note")},
		{id: "S6", name: "empty length", send: postA("Content-Length:\r\n", ""), harm: broken},
		{id: "S7", name: "fragment in the target", send: "GET /a#.png HTTP/1.1\r\n" + localhost + "\r\n", harm: asksFor("#")},
		{id: "S10", name: "length and coding", send: postA("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX"), harm: both},
		{id: "S10", name: "coding twice", send: postA("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"), harm: broken},
		{id: "S10", name: "folded coding", send: postA("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), harm: broken},
		{id: "S10", name: "two lengths", send: postA("Content-Length: 5\r\nContent-Length: 6\r\n", "AAAAAA"), harm: broken},
	}
}

// streamAttacks come over HTTP/2, and are written as HTTP/1.1 to the backend.
func streamAttacks() []attack {
	over2 := func(name string, f proxytest.Field, harm func(effect) bool, data ...string) attack {
		return attack{id: "S11", name: name, fields: usual([]proxytest.Field{f}), data: data, harm: harm}
	}
	evil := some(func(r *proxytest.Recorded) bool { return r.Has("X-Evil") || r.Fault != "" })
	short := some(func(r *proxytest.Recorded) bool { return r.Complete && string(r.Body) != "hello" || r.Fault != "" })
	return []attack{
		over2("HTTP/2: a line end in a value", proxytest.Field{Name: "x-a", Value: "b\r\nX-Evil: c"}, evil),
		over2("HTTP/2: a line end in the path", proxytest.Field{Name: ":path", Value: "/a HTTP/1.1\r\nX-Evil: c"}, evil),
		over2("HTTP/2: a coding", proxytest.Field{Name: "transfer-encoding", Value: "chunked"}, broken, "0\r\n\r\n"),
		over2("HTTP/2: a length under the data", proxytest.Field{Name: "content-length", Value: "3"}, short, "hello"),
	}
}

func upgradeAttacks() []attack {
	shared := func(e effect) bool { return len(e.seen) == 2 && e.seen[0].Conn == e.seen[1].Conn }
	switched := func(e effect) bool { return strings.HasPrefix(e.answer, "HTTP/1.1 101") }
	at := func(path, lines string) string { return "GET " + path + " HTTP/1.1\r\n" + localhost + lines + "\r\n" }
	return []attack{
		{id: "S9", name: "an upgrade that is refused, and the next request", send: at(refusing, toSockets), then: getA(""), harm: shared},
		{id: "U1", name: "a request behind a handshake", send: at(refusing, toSockets) + smuggled, harm: comesOut},
		{id: "U2", name: "h2c upgrade", send: getA("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"), harm: carries("Upgrade", "h2c")},
		{id: "U3", name: "upgrade to anything", send: getA("Connection: Upgrade\r\nUpgrade: foo\r\n"), harm: carries("Upgrade", "foo")},
		{id: "U4", name: "Connection names a header", send: getA(strings.Replace(toSockets, "Upgrade", "Upgrade, X-Note", 1) + "X-Note: hop\r\n"), harm: carries("X-Note", "hop")},
		{id: "U5", name: "a backend that switches unasked", send: at(unasked, ""), harm: switched},
		{id: "U6", name: "Connection: not-upgrade", send: getA(strings.Replace(toSockets, "Upgrade", "not-upgrade", 1)), harm: some(func(r *proxytest.Recorded) bool { return r.Has("Upgrade") })},
	}
}

func headerAttacks() []attack {
	trailer := some(func(r *proxytest.Recorded) bool {
		return slices.ContainsFunc(r.Trailer, func(f proxytest.Field) bool { return strings.EqualFold(f.Name, "X-Forwarded-For") })
	})
	return []attack{
		{id: "F1", name: "Connection names X-Forwarded-For", send: getA("Connection: close, X-Forwarded-For\r\nX-Forwarded-For: 6.6.6.6\r\n"), harm: lacks("X-Forwarded-For")},
		{id: "F3", name: "forged X-Forwarded-For", send: getA("X-Forwarded-For: 6.6.6.6\r\n"), harm: carries("X-Forwarded-For", "6.6.6.6")},
		{id: "F3", name: "forged X-Real-IP", send: getA("X-Real-IP: 6.6.6.6\r\n"), harm: carries("X-Real-IP", "6.6.6.6")},
		{id: "F4", name: "underscores", send: getA("X_Forwarded_For: 6.6.6.6\r\n"), harm: carries("X-Forwarded-For", "6.6.6.6")},
		{id: "F5", name: "forged Remote-User", send: getA("Remote-User: admin\r\n"), harm: carries("Remote-User", "admin")},
		{id: "F6", name: "Proxy", send: getA("Proxy: evil:3128\r\n"), harm: carries("Proxy", "evil")},
		{id: "F7", name: "protected trailer", send: postA("Transfer-Encoding: chunked\r\nTrailer: X-Forwarded-For\r\n", "0\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"), harm: trailer},
		{id: "F8", name: "forged client certificate", send: getA("X-SSL-Client-Verify: SUCCESS\r\n"), harm: carries("X-SSL-Client-Verify", "SUCCESS")},
	}
}

func pathAttacks() []attack {
	hosts := some(func(r *proxytest.Recorded) bool { return len(r.Values("Host")) != 1 })
	evil := some(func(r *proxytest.Recorded) bool { return r.Get("Host") == "evil" || strings.Contains(r.Target, "evil") })
	to := func(target string) string { return "GET " + target + " HTTP/1.1\r\n" + localhost + "\r\n" }
	const query = "a=1;b=2&c=%zz&d"
	return []attack{
		{id: "P1", name: "two hosts", send: "GET /a HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", harm: hosts},
		{id: "P1", name: "target and host differ", send: to("http://evil/a"), harm: evil},
		{id: "P4", name: "dots behind an escape", send: to("/public/%2e%2e/admin"), harm: asksFor("%2e%2e")},
		{id: "P4", name: "encoded slash", send: to("/public/..%2fadmin"), harm: asksFor("..%2f")},
		{id: "P4", name: "NUL", send: to("/admin%00"), harm: asksFor("%00")},
		{id: "P4", name: "backslash", send: to("/public\\..\\admin"), harm: asksFor("\\")},
		{id: "P7", name: "a query that some do not parse", send: to("/a?" + query), harm: some(func(r *proxytest.Recorded) bool { return r.Target != "/a?"+query })},
	}
}
