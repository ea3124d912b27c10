package integration

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The affinity and failover suite: what a front door of stateful servers owes
// its visitors, line by line. Ours has to hold every line; what others do with
// the same backends and visitors is measured with -peers, and written down in
// docs/failover.md by -table.

// line is one of them.
type line struct {
	what string
	run  func(s *suite) error
}

var lines = []line{
	{"the first request sets one cookie; the next 100 go to the same server", oneCookieAndTheSameServer},
	{"a cookie that is tampered with, truncated, foreign, doubled or too long: no error, and a good one in its place", brokenCookies},
	{"a visitor's server refuses connections: a GET is answered by another one, and delivered once", refusedGet},
	{"the same with a POST of 1 MiB", refusedPost},
	{"the server reads a POST and dies: it is delivered once", deathAfterTheBody},
	{"the server closes idle connections in the moment of their use: no GET and no POST is lost or run twice", staleKeepAlive},
	{"the server dies within its answer: the client sees a cut, never a shorter answer", deathInTheAnswer},
	{"drain: known visitors stay, new ones go elsewhere, the count falls until it is safe to stop", draining},
	{"weight 0: the same", weightZero},
	{"a reload that changes nothing: no cookie, no health and no websocket changes", reloadOfNothing},
	{"a reload removes a visitor's server: his next request goes elsewhere, and he stays there", reloadWithoutTheOwnServer},
	{"a reload while a server is down: not one request goes there", reloadWhileOneIsDown},
	{"the door is restarted: cookies stay valid", restartKeepsCookies},
	{"two replicas: either accepts the other's cookies", replicasShareCookies},
	{"the key of the cookies is rotated: the old one is accepted, and replaced", keysRotate},
	{"a visitor is forgotten when he stays away for long, and after some hours in any case", idleAndAbsoluteExpiry},
	{"all servers are down: the page and status of one's own, Retry-After, no cookie", allDown},
	{"a server that comes back gets its visitors little by little", slowStart},
	{"of four servers one is removed: a quarter of the visitors move, evenly", onlyAQuarterMoves},
	{"a server is added: no visitor moves", aNewServerMovesNobody},
	{"a websocket's 101 carries the cookie; a drain closes it with 1001, at once or at its deadline", websocketsAndDrain},
	{"all servers are restarted one by one under 200 requests a second: none is lost or run twice", rollingRestart},
	{"a server flaps, two seconds up, two down: a visitor moves once", flappingDoesNotOscillate},
	{"a server accepts and does not answer: no POST is repeated, and new visitors are spared", slowServer},
	{"204, 304, HEAD, 103 and trailers: the rules of cookies are the same", answersWithoutABody},
}

// suite is one line at one door.
type suite struct {
	t     testing.TB
	begin func(t testing.TB, p plan) (door, error)
	plan  plan // as the door was opened
	all   []*seat
}

func (s *suite) seats(n int) []*seat {
	s.all = newSeats(s.t, n)
	return s.all
}

func (s *suite) open(p plan) (door, error) {
	s.plan = p
	return s.begin(s.t, p)
}

func TestSuite(t *testing.T) {
	for i, l := range lines {
		t.Run(fmt.Sprintf("%02d", i+1), func(t *testing.T) {
			t.Parallel()
			s := &suite{t: t, begin: openSterling}
			if err := l.run(s); err != nil {
				t.Errorf("%s: %v", l.what, err)
			}
		})
	}
}

// others are the doors that the suite knows.
var others = []struct {
	name, program, version string
	begin                  func(t testing.TB, p plan) (door, error)
}{
	{"HAProxy", "haproxy", "-v", openHAProxy},
	{"nginx", "nginx", "-v", openNginx},
	{"Caddy", "caddy", "version", openCaddy},
}

func TestSuiteOfPeers(t *testing.T) {
	if !*peers {
		t.Log("not asked for: run with -peers")
		return
	}
	found := findings{heads: []string{"Sterling"}, words: make([][]string, len(lines))}
	found.add(t, 0, openSterling)
	for _, o := range others {
		if _, err := exec.LookPath(o.program); err != nil {
			t.Logf("%s is not installed", o.program)
			continue
		}
		version, _ := exec.Command(o.program, o.version).CombinedOutput() //nolint:gosec,noctx // an installed proxy
		t.Logf("%s: %s", o.name, strings.SplitN(string(version), "\n", 2)[0])
		found.heads = append(found.heads, o.name)
		found.add(t, len(found.heads)-1, o.begin)
	}
	if *tableFile == "" {
		t.Log("\n" + found.text())
	} else if err := os.WriteFile(*tableFile, []byte(found.text()), 0o600); err != nil {
		t.Error(err)
	}
}

// findings are a table of who holds which line, and why not.
type findings struct {
	heads   []string
	words   [][]string // by line and door
	reasons []string   // with the number of their line first
}

// add runs all lines at one door.
func (f *findings) add(t *testing.T, at int, begin func(t testing.TB, p plan) (door, error)) {
	t.Helper()
	for i, l := range lines {
		f.words[i] = append(f.words[i], "not run")
		t.Run(fmt.Sprintf("%02d %s", i+1, f.heads[at]), func(t *testing.T) {
			err := l.run(&suite{t: t, begin: begin})
			switch {
			case err == nil:
				f.words[i][at] = "holds"
			case errors.Is(err, errNotOffered):
				f.words[i][at] = "not offered"
			default:
				f.words[i][at] = "**fails**"
				f.reasons = append(f.reasons, fmt.Sprintf("- %d, %s: %v", i+1, f.heads[at], err))
			}
			t.Log(f.words[i][at], err)
		})
	}
}

// text is what docs/failover.md has of them.
func (f *findings) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | | %s |\n| --- | --- |%s\n", strings.Join(f.heads, " | "), strings.Repeat(" --- |", len(f.heads)))
	for i, l := range lines {
		fmt.Fprintf(&b, "| %d | %s | %s |\n", i+1, l.what, strings.Join(f.words[i], " | "))
	}
	slices.SortStableFunc(f.reasons, func(a, b string) int {
		var m, n int
		_, _ = fmt.Sscanf(a, "- %d", &m) // they all have one
		_, _ = fmt.Sscanf(b, "- %d", &n)
		return m - n
	})
	fmt.Fprintf(&b, "\n%s\n", strings.Join(f.reasons, "\n"))
	return b.String()
}
