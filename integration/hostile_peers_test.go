package integration

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// against sends an attack and says what came of it.
func (a attack) against(t *testing.T, d target, rec *proxytest.Recorder) string {
	t.Helper()
	rec.Reset()
	var e effect
	if a.ruled {
		d = *d.ruled
	}
	switch {
	case a.ask != nil:
		e.answer = a.ask(t, d, rec)
	case a.fields != nil:
		a.stream(t, d)
	default:
		e.answer = a.sent(t, d.plain, a.send)
	}
	if a.then != "" {
		a.sent(t, d.plain, a.then)
	}
	time.Sleep(50 * time.Millisecond) // what was passed on has come by then
	e.seen = rec.Requests()
	switch {
	case a.harm(e):
		return "**passed on**"
	case len(e.seen) == 0:
		return "refused"
	default:
		return "made harmless"
	}
}

// sent sends bytes over a connection of their own and returns what comes back.
func (a attack) sent(t *testing.T, addr, bytes string) string {
	t.Helper()
	return a.over(t, proxytest.DialRaw(t, addr), bytes)
}

// over is sent over a connection that is there.
func (a attack) over(t *testing.T, c net.Conn, bytes string) string {
	t.Helper()
	defer c.Close()
	// Some take the end of what is sent for the end of the client.
	_ = c.SetDeadline(time.Now().Add(400 * time.Millisecond))
	_, _ = io.WriteString(c, bytes) // a door that hung up shows in the answer
	answer, err := io.ReadAll(c)
	if err != nil && !isReset(err) && !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Logf("%s: %v", a.name, err)
	}
	return string(answer)
}

// stream sends a request over HTTP/2.
func (a attack) stream(t *testing.T, d target) {
	t.Helper()
	h := proxytest.DialH2(t, d.secure, d.ca, "localhost")
	defer h.Close()
	_ = h.SetDeadline(time.Now().Add(400 * time.Millisecond))
	if err := h.Open(1, len(a.data) == 0, a.fields...); err != nil {
		t.Logf("%s: %v", a.name, err)
	}
	for i, b := range a.data {
		_ = h.WriteData(1, i == len(a.data)-1, []byte(b)) // a door that hung up shows in the answer
	}
	h.Answer(1)
}

// What other doors, as they come, do with the same bytes.
func TestHostileBytesAtOtherDoors(t *testing.T) {
	rec := proxytest.NewRecorder(t, answerToAttacks)
	p := proxytest.Start(t, proxytest.Options{Config: strings.Replace(proxytest.Pool("app", rec.Addr), "[[route]]", "[[route]]\nhosts = [\"localhost\"]", 1)})
	staff := proxytest.NewCA(t)
	own := target{plain: p.Addr("plain"), secure: p.Addr("front"), ca: p.CA, memory: p.Memory, ruled: ruledSterling(t, p.CA, staff, rec)}
	own.ruled.holds(t, "sterling", staff, rec)
	for _, a := range attacks() {
		if got := a.against(t, own, rec); got == "**passed on**" {
			t.Errorf("%s, %s: %v", a.id, a.name, rec.Requests())
		}
	}
	if !*peers {
		return
	}
	doors := append([]target{own}, otherDoors(t, p.CA, rec)...)
	for i, ruled := range ruledDoors(t, p.CA, staff, rec) {
		doors[i+1].ruled = ruled
	}
	var table strings.Builder
	row := func(id, name string, cell func(target) string) {
		fmt.Fprintf(&table, "| %s | %s |", id, name)
		for _, d := range doors {
			got := "not there"
			if d.plain != "" {
				got = cell(d)
			}
			fmt.Fprintf(&table, " %s |", got)
		}
		table.WriteString("\n")
	}
	for _, a := range attacks() {
		row(a.id, a.name, func(d target) string { return a.against(t, d, rec) })
	}
	table.WriteString("\n")
	for _, f := range torrents() {
		row(f.id, f.name, func(d target) string { return f.against(t, d, rec) })
	}
	t.Logf("\n%s", table.String())
	if *tableFile != "" {
		if err := os.WriteFile(*tableFile, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
