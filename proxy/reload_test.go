package proxy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReloadKeepsServingOnAListenerThatIsGoneFromTheFile(t *testing.T) {
	one := named(t, "one")
	r := start(t, appPool(one.URL))
	plain := r.url(modes[0])
	from, to, _ := strings.Cut(preamble, "[[listener]]\nname     = \"plain\"")
	_, to, _ = strings.Cut(to, "[[listener]]")
	report, err := r.Reload(r.parse(from + "[[listener]]" + to + appPool(one.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(report.Restart, "|"); got != "listener plain (removed)" {
		t.Errorf("to be told that a restart is needed, got %q", got)
	}
	if _, body := get(t, modes[0].client(t), plain); body != "one" {
		t.Errorf("got %q", body)
	}
}

// What a restart would change is told as long as it would, whatever the reloads
// between have brought.
func TestWhatWaitsForARestartIsToldUntilTheFileAgrees(t *testing.T) {
	pool := appPool(named(t, "one").URL)
	r := start(t, pool)
	moved := strings.Replace(preamble, "127.0.0.1:0", "127.0.0.1:1", 1)
	moved = strings.Replace(moved, "dir = \"state\"", "dir = \"elsewhere\"", 1)
	for range 2 {
		report := r.reloads(moved + pool)
		if want := []string{"state", "listener front"}; !slices.Equal(report.Restart, want) {
			t.Errorf("restart to apply %q, want %q", report.Restart, want)
		}
		if got := r.Status().Restart; !slices.Equal(got, report.Restart) {
			t.Errorf("the status has %q", got)
		}
	}
	if report := r.reloads(preamble + pool); len(report.Restart) > 0 || len(r.Status().Restart) > 0 {
		t.Errorf("with the file of the start: restart to apply %q", report.Restart)
	}
}

func TestABadReloadLeavesTheOldOneServing(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	toml := preamble + strings.Replace(appPool(named(t, "two").URL), "pool = \"app\"", "pool = \"app\"\n[route.request.set]\nX-A = \"${nonsense}\"", 1)
	_, err := r.Reload(r.parse(toml))
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Fatalf("a rule with an unknown placeholder: %v", err)
	}
	if _, body := get(t, modes[0].client(t), r.url(modes[0])); body != "one" {
		t.Errorf("got %q", body)
	}
	if g := r.Status().Generation; g != 1 {
		t.Errorf("generation %d after a reload that failed", g)
	}
}

func TestReloadSaysWhatChanged(t *testing.T) {
	one, two := named(t, "one"), named(t, "two")
	r := start(t, appPool(one.URL))
	report, err := r.Reload(r.parse(preamble + appPool(one.URL, two.URL)))
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Changes) != 1 || report.Changes[0] != "pool app: backend b2 added" || len(report.Restart) != 0 {
		t.Errorf("got %+v", report)
	}
}

func TestShutdownWithoutServeEndsAtOnce(t *testing.T) {
	r := &running{t: t, dir: t.TempDir()}
	toml := strings.ReplaceAll(preamble, "protocol = \"https\"", "protocol = \"http\"")
	toml = strings.ReplaceAll(toml, "http3    = true", "")
	toml = toml[:strings.Index(toml, "[[tls")] + toml[strings.Index(toml, "[[listener"):]
	s, err := New(r.parse(toml+appPool("http://127.0.0.1:1")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil || ctx.Err() != nil {
		t.Errorf("%v, %v", err, ctx.Err())
	}
}

func TestAShutdownThatIsCutShortIsNoFaultOfTheListeners(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	r.stop() // which looks at what Serve returned
}
