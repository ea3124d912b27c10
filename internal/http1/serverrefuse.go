package http1

import (
	"net/http"
	"strconv"
	"time"
)

// refuse answers a request that cannot be handled, and closes the connection.
func (c *serverConn) refuse() {
	t, h := c.turn, &c.turn.head
	in := t.buffered()
	report := Refused{
		Err: h.fault, Status: h.fault.status, Began: t.began, Remote: c.nc.RemoteAddr(), TLS: c.tls,
		Method: string(h.method.of(in)), Target: string(h.target.of(in)), Proto: string(h.proto.of(in)),
		Host: string(h.host.of(in)), UserAgent: string(h.agent.of(in)),
	}
	text := strconv.Itoa(h.fault.status) + " " + http.StatusText(h.fault.status) + "\n"
	out := appendStatus(t.out[:0], 1, h.fault.status)
	out = append(out, "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: "...)
	out = append(strconv.AppendInt(out, int64(len(text)), 10), "\r\n"...)
	now := time.Now()
	out = append(c.s.date.append(out, now), "\r\n"...)
	head := len(out)
	if report.Method != http.MethodHead {
		out = append(out, text...)
	}
	c.limits.ownWrite(now, c.s.o.Write)
	n, _ := c.nc.Write(out) // how many bytes says enough
	report.BytesOut = int64(max(0, n-head))
	if c.s.o.Refused != nil {
		c.s.o.Refused(&report)
	}
	c.fate = hangsUp
}
