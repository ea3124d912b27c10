package acme

import (
	"context"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestARevocationIsRememberedOverRestarts(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		first := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		was := serial(first.Manager, "www.example.org")
		nobody := func() { a.ask = nil }
		a.change(nobody)
		if err := first.Revoke(t.Context(), "www.example.org"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		first.Close()
		second := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(10 * time.Minute)
		if is := serial(second.Manager, "www.example.org"); is == was || is == "" {
			t.Errorf("it was %s, is revoked, and now it is %s", was, is)
		}
		second.Close()
		orders := a.count("www.example.org")
		third := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(day)
		if serial(third.Manager, "www.example.org") == "" || a.count("www.example.org") != orders {
			t.Errorf("%d orders, and there were %d", a.count("www.example.org"), orders)
		}
	})
}

func TestAReplacementOfTheSameTimeIsTakenUp(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.dated = func(leaf *x509.Certificate) { leaf.NotBefore = leaf.NotBefore.Truncate(day) }
		one := startAt(t, a, Folder(dir), "www.example.org")
		two := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Hour)
		was := serial(one.Manager, "www.example.org")
		if err := one.Revoke(t.Context(), "www.example.org"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * peek)
		if x, y := serial(one.Manager, "www.example.org"), serial(two.Manager, "www.example.org"); x == was || x != y {
			t.Errorf("was %s, is %s and %s", was, x, y)
		}
	})
}

func TestACertificateThatComesLateIsNotOrderedOverAndOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.life = 6 * day
		a.dated = func(leaf *x509.Certificate) {
			leaf.NotBefore, leaf.NotAfter = leaf.NotBefore.Add(-5*day), leaf.NotAfter.Add(-5*day)
		}
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(day + time.Hour)
		if n := a.count("www.example.org"); n > 3 { // each half day
			t.Errorf("%d orders in a day", n)
		}
		if got := p.errors(); len(got) == 0 || !strings.Contains(got[0], "clock") {
			t.Errorf("told: %q", got)
		}
	})
}

func TestWhoHasWaitedFindsTheCertificateServed(t *testing.T) {
	a := newAuthority(t)
	var served atomic.Bool
	m, err := New(Options{
		Names: []string{"www.example.org"}, Directory: testDirectory, Storage: Folder(t.TempDir()),
		Challenges: []string{HTTP01}, Wait: 10 * time.Second, Transport: a.transport(),
		OnEvent: func(Event) {
			time.Sleep(10 * time.Millisecond) // as it takes to publish many
			served.Store(true)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	a.change(func() { a.ask = m })
	m.Start()
	defer m.Close()
	if !m.Await(context.Background(), "www.example.org") || !served.Load() {
		t.Errorf("let go; served: %v", served.Load())
	}
}

func TestAProcessThatIsStartedOverAndOverOrdersSeldom(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.patience = "30"
		for range 20 {
			p := startAt(t, a, Folder(dir), "www.example.org")
			time.Sleep(10 * time.Second)
			p.Close()
		}
		if n := a.count("www.example.org"); n > 3 {
			t.Errorf("%d orders in %v", n, 200*time.Second)
		}
		a.change(func() { a.patience = "" })
		p := startAt(t, a, Folder(dir), "www.example.org")
		if began := time.Now(); p.Await(t.Context(), "www.example.org") || time.Since(began) > 0 {
			t.Errorf("a visitor waited for %v, though nothing comes so soon", time.Since(began))
		}
		time.Sleep(time.Hour)
		if serial(p.Manager, "www.example.org") == "" {
			t.Errorf("no certificate: %q", p.errors())
		}
	})
}

func TestAnEndDoesNotWaitForTheAuthority(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.patience = "120"
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(7 * time.Second)
		began := time.Now()
		p.Close()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestTheAuthoritysPatienceIsKept(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.patience = "30"
		asked := atomic.Int64{}
		a.refuse = func(path string) (int, http.Header, string) {
			if strings.HasPrefix(path, "/authz") {
				asked.Add(1)
			}
			return 0, nil, ""
		}
		startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(100 * time.Second)
		if n := asked.Load(); n < 3 || n > 5 {
			t.Errorf("asked %d times in 100 s, and told to come each 30 s", n)
		}
	})
}

func TestAFolderOfWhichAPartCannotBeWrittenFailsAtOnce(t *testing.T) {
	for _, part := range []string{certificateKey, failureKey, challengeKey, "locks"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, part), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := New(Options{Storage: Folder(dir)}); err == nil {
			t.Errorf("%s: no error", part)
		}
	}
}

func TestAStoredWaitIsNoLongerThanADay(t *testing.T) {
	s := Folder(t.TempDir())
	f := Failure{Count: 1, Last: time.Now(), Next: time.Now().Add(1000 * day), Error: "x"}
	if err := f.store(t.Context(), s, "www.example.org"); err != nil {
		t.Fatal(err)
	}
	if got := readFailure(t.Context(), s, "www.example.org"); time.Until(got.Next) > day {
		t.Errorf("until %v", got.Next)
	}
}
