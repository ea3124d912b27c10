package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"sterling/internal/admin"
	"sterling/internal/prove"
)

const provenSite = `
[[tls.certificate]]
cert = "never-read.pem"
key = "never-read.key"
[[listener]]
name = "front"
address = "192.0.2.1:443"
protocol = "https"
[[route]]
name = "site"
hosts = ["*.example.org"]
paths = ["/app"]
pool = "app"
[[pool]]
name = "app"
[pool.affinity]
by = "cookie"
[pool.health]
path = "/healthz"
interval = "200ms"
[[pool.backend]]
name = "b1"
url = "https://192.0.2.2"
`

const secondBackend = `
[[pool.backend]]
name = "b2"
url = "https://192.0.2.3"
`

// rehearse runs the command, and returns a row for each scenario.
func rehearse(t *testing.T, site string, args ...string) (code int, rows map[string]prove.Row, stderr string) {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	file := filepath.Join(t.TempDir(), "sterling.toml")
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := call(append([]string{"prove", "-c", file, "--json", "--users", "6", "--rate", "60", "--time", "1s"}, args...)...)
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	var report prove.Report
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatalf("%v: %s %s", err, stdout, stderr)
	}
	rows = make(map[string]prove.Row)
	for _, r := range report.Rows {
		rows[r.Scenario] = r
	}
	return code, rows, stderr
}

func TestARehearsalLosesNothing(t *testing.T) {
	code, rows, stderr := rehearse(t, provenSite+secondBackend, "--only", "kill,freeze,announced,drained,reload,upgrade")
	if code != exitGood {
		t.Errorf("exit %d: %+v\n%s", code, rows, stderr)
	}
	for _, name := range []string{"kill", "freeze", "announced", "drained", "reload", "upgrade"} {
		r := rows[name]
		if r.Requests < 6 || r.Failed+r.Twice+r.Unlogged > 0 || r.Verdict != "good" {
			t.Errorf("%s: %+v", name, r)
		}
	}
	for _, name := range []string{"kill", "announced", "drained"} {
		if rows[name].Moved == 0 {
			t.Errorf("%s: nobody moved, so that nothing was rehearsed: %+v", name, rows[name])
		}
	}
}

func TestARehearsalFindsWhatIsLost(t *testing.T) {
	code, rows, stderr := rehearse(t, provenSite, "--only", "kill")
	r := rows["kill"]
	if code != exitFailed || r.Failed == 0 || r.Verdict != "lost" || len(r.Notes) == 0 || r.TurnedAway > 0 || !strings.Contains(stderr, "something was lost") {
		t.Errorf("a pool of one backend, which was killed: exit %d, %+v, %q", code, r, stderr)
	}
}

// One place, and POSTs that fill nearly all of the time: others come in between.
func TestARehearsalTellsOverloadFromLoss(t *testing.T) {
	site := strings.Replace(provenSite, `"200ms"`, `"1m"`, 1) + "max_in_flight = 1\n"
	keep, err := os.MkdirTemp("", "keep") //nolint:usetesting // TempDir would be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(keep) }()
	code, rows, stderr := rehearse(t, site, "--only", "steady", "--keep", keep)
	r := rows["steady"]
	if code != exitFailed || r.TurnedAway == 0 || r.Failed > 0 || r.Verdict != "overloaded" {
		t.Errorf("exit %d, %+v", code, r)
	}
	if !strings.Contains(stderr, "max_in_flight is too small for --rate 60; lower it") || strings.Contains(stderr, "something was lost") {
		t.Errorf("says %q", stderr)
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "[end no_backend, attempts: none]") {
		t.Errorf("does not say why: %v", r.Notes)
	}
	if text, err := os.ReadFile(filepath.Join(keep, "access.log")); err != nil || !strings.Contains(string(text), `"end":"no_backend"`) {
		t.Errorf("the log was not kept: %v", err)
	}
}

func TestTheConfiguredBackendsAreVisitedOnlyIfThatIsConfirmed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sterling.toml")
	if err := os.WriteFile(file, []byte(provenSite), 0o600); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := call("prove", "-c", file, "--live")
	if code != exitUsage || !strings.Contains(stderr, "https://192.0.2.2") || !strings.Contains(stderr, "--yes") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestARehearsalThatIsInterruptedLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	file := filepath.Join(t.TempDir(), "sterling.toml")
	if err := os.WriteFile(file, []byte(provenSite+secondBackend), 0o600); err != nil {
		t.Fatal(err)
	}
	var w world
	code := make(chan int, 1)
	go func() { code <- run([]string{"prove", "-c", file, "--time", "1h", "--only", "steady"}, w.env()) }()
	eventually(t, "nothing begins", func() bool { return strings.Contains(w.stderr.String(), "steady") })
	w.send(syscall.SIGTERM)
	if c := <-code; c != exitFailed || !strings.Contains(w.stderr.String(), "ended by a signal") {
		t.Errorf("exit %d, %s", c, w.stderr.String())
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestTheConfiguredBackendsGetNothingButGETs(t *testing.T) {
	var gets, others atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			gets.Add(1)
		} else {
			others.Add(1)
		}
	}))
	defer backend.Close()
	site := strings.ReplaceAll(provenSite, "https://192.0.2.2", backend.URL)
	code, rows, stderr := rehearse(t, site, "--live", "--yes", "--only", "kill,steady,reload")
	if code != exitGood || len(rows) != 2 || rows["steady"].Requests < 6 || rows["reload"].Failed > 0 {
		t.Errorf("exit %d, %+v, %s", code, rows, stderr)
	}
	if gets.Load() < 12 || others.Load() > 0 {
		t.Errorf("%d GETs and %d others arrived", gets.Load(), others.Load())
	}
}

func TestALiveRehearsalGoesOnBesideABackendThatIsDown(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer backend.Close()
	dead := httptest.NewServer(nil)
	dead.Close()
	site := strings.NewReplacer("https://192.0.2.2", backend.URL, "https://192.0.2.3", dead.URL).Replace(provenSite + secondBackend)
	code, rows, stderr := rehearse(t, site, "--live", "--yes", "--only", "steady")
	r := rows["steady"]
	if code != exitGood || r.Requests < 6 || !strings.Contains(strings.Join(r.Notes, "; "), "from the beginning, app/b2 is down") {
		t.Errorf("exit %d, %+v, %s", code, r, stderr)
	}
}

func TestAnUpgradedFrontDoorEndsWithItsLeash(t *testing.T) {
	folder := t.TempDir()
	file, socket := filepath.Join(folder, "sterling.toml"), filepath.Join(folder, "admin.sock")
	site := "[admin]\naddress = \"unix:" + socket + "\"\n[state]\ndir = \"state\"\n[[listener]]\nname = \"front\"\naddress = \"127.0.0.1:0\"\nprotocol = \"http\"\n" +
		"[[route]]\nname = \"all\"\npool = \"app\"\n[[pool]]\nname = \"app\"\n[[pool.backend]]\nname = \"b1\"\nurl = \"http://127.0.0.1:9\"\n"
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	hold, leash, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	first := exec.Command(os.Args[0], "run", "--"+leashFlag, "-c", file) //nolint:gosec,noctx // ourselves; the leash ends it
	var said buffer
	first.Stdin, first.Stdout, first.Stderr = hold, &said, &said
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	_ = hold.Close()
	defer func() { _ = leash.Close() }() // again, where the test fails
	client, err := admin.NewClient("unix:"+socket, "")
	if err != nil {
		t.Fatal(err)
	}
	pid := func() int {
		s, _ := client.Status(t.Context()) // 0 while nobody answers
		return s.PID
	}
	eventually(t, "it serves", func() bool { return pid() == first.Process.Pid })
	if err := first.Process.Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another one takes over", func() bool { p := pid(); return p != 0 && p != first.Process.Pid })
	_ = leash.Close() // as the kernel does for a process that is killed
	eventually(t, "nobody serves", func() bool { return pid() == 0 })
	_ = first.Wait() // killed, if the upgrade had not ended it
}
