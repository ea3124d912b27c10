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
		if !p.Status()[0].Late {
			t.Error("the status does not tell")
		}
		a.change(func() { a.dated = nil })
		time.Sleep(12 * time.Hour)
		if st := p.Status()[0]; st.Late || time.Until(st.Certificate.NotAfter) < 5*day {
			t.Errorf("another one has come, and the status has %+v", st)
		}
	})
}

func TestACertificateThatComesLateIsNotOrderedAtEachStart(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.life = 6 * day
		a.dated = func(leaf *x509.Certificate) {
			leaf.NotBefore, leaf.NotAfter = leaf.NotBefore.Add(-5*day), leaf.NotAfter.Add(-5*day)
		}
		for hour := range 24 {
			p := startAt(t, a, Folder(dir), "www.example.org")
			time.Sleep(time.Hour)
			if st := p.Status()[0]; !st.Late || serial(p.Manager, "www.example.org") == "" {
				t.Fatalf("after %d hours: %+v; %q", hour, st, p.errors())
			}
			p.Close()
		}
		if n := a.count("www.example.org"); n != 2 { // each half day
			t.Errorf("%d orders in a day of 24 starts", n)
		}
		// What a version before has stored says nothing of that: it is ordered.
		if err := os.RemoveAll(filepath.Join(dir, arrivalKey)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p := startAt(t, a, Folder(dir), "www.example.org")
			time.Sleep(time.Minute)
			p.Close()
		}
		if n := a.count("www.example.org"); n != 3 {
			t.Errorf("%d orders, one of them after an upgrade", n)
		}
	})
	modes(t, dir)
}

func TestACertificateThatComesLateIsOrderedOnceByTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.life = 6 * day
		a.dated = func(leaf *x509.Certificate) {
			leaf.NotBefore, leaf.NotAfter = leaf.NotBefore.Add(-5*day), leaf.NotAfter.Add(-5*day)
		}
		one := startAt(t, a, Folder(dir), "www.example.org")
		two := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(day + time.Hour)
		if n := a.count("www.example.org"); n != 3 { // each half day
			t.Errorf("%d orders in a day", n)
		}
		if !one.Status()[0].Late || !two.Status()[0].Late {
			t.Error("one of them does not tell")
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

func TestAnAuthorityThatAsksForAgesEndsTheOrderAndGetsADay(t *testing.T) {
	for _, patience := range []string{"100000000", "Fri, 31 Dec 9999 23:59:59 GMT", "99999999999999999999"} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(t)
			a.patience = patience
			p := startAt(t, a, Folder(dir), "www.example.org")
			time.Sleep(time.Minute)
			got := p.errors()
			if len(got) != 1 || !strings.Contains(got[0], "wants to be asked again") {
				t.Fatalf("%s: told: %q", patience, got)
			}
			if left := time.Until(p.Status()[0].Next); left < day-time.Minute || left > day {
				t.Errorf("%s: the next order is in %v", patience, left)
			}
			a.change(func() { a.patience = "" })
			time.Sleep(day - 2*time.Minute)
			if n := a.count("www.example.org"); n != 1 {
				t.Errorf("%s: %d orders in a day", patience, n)
			}
			time.Sleep(5 * time.Minute)
			if serial(p.Manager, "www.example.org") == "" {
				t.Errorf("%s: no certificate: %q", patience, p.errors())
			}
		})
	}
}

// refusingNonces has the authority refuse the nonces that refused says, of all
// that it is shown from now on, and counts them.
func refusingNonces(a *authority, refused func(n int) bool) (shown func() int) {
	n := 0
	refuse := func(path string) (status int, header http.Header, problem string) {
		if path == "/directory" || path == "/nonce" {
			return 0, nil, ""
		}
		a.change(func() {
			if n++; refused(n) {
				status, problem = http.StatusBadRequest, `{"type":"urn:ietf:params:acme:error:badNonce","detail":"unknown nonce"}`
			}
		})
		return status, nil, problem
	}
	a.change(func() { a.refuse = refuse })
	return func() (all int) {
		a.change(func() { all = n })
		return all
	}
}

func TestAnOrderOutlivesNoncesThatAreRefused(t *testing.T) {
	for name, refused := range map[string]func(n int) bool{
		"every second": func(n int) bool { return n%2 == 1 },
		"four of five": func(n int) bool { return n%5 != 0 },
		"ten in a row": func(n int) bool { return n%20 > 5 && n%20 <= 15 },
	} {
		dir := t.TempDir()
		synctest.Test(t, func(t *testing.T) {
			a := newAuthority(t)
			shown := refusingNonces(a, refused)
			p := startAt(t, a, Folder(dir), "www.example.org")
			time.Sleep(50 * time.Second)
			if serial(p.Manager, "www.example.org") == "" || a.count("www.example.org") != 1 || len(p.errors()) != 0 {
				t.Errorf("%s: %d orders: %q", name, a.count("www.example.org"), p.errors())
			}
			if n := shown(); n > 20+maxRefused {
				t.Errorf("%s: %d requests", name, n)
			}
		})
	}
}

func TestAnAuthorityThatRefusesAllNoncesIsSeldomAsked(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		shown := refusingNonces(a, func(int) bool { return true })
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(50 * time.Second)
		if got := p.errors(); len(got) != 1 || !strings.Contains(got[0], "badNonce") {
			t.Errorf("told: %q", got)
		}
		time.Sleep(time.Hour)
		if n := shown(); n > 4*(maxRefused+1) {
			t.Errorf("%d requests in an hour", n)
		}
		// The account is there, and from then on none is good.
		shown = refusingNonces(a, func(n int) bool { return n > 3 })
		if err := p.Renew("www.example.org"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50 * time.Second)
		if got := p.errors(); !strings.Contains(got[len(got)-1], "badNonce") {
			t.Errorf("told: %q", got)
		}
		if n := shown(); n > 3+2*(maxRefused+1) {
			t.Errorf("%d requests", n)
		}
	})
}

func TestAFolderOfWhichAPartCannotBeWrittenFailsAtOnce(t *testing.T) {
	for _, part := range []string{certificateKey, arrivalKey, failureKey, challengeKey, "locks"} {
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
