package acme

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const day = 24 * time.Hour

// peek is rarer than it would be, for there are many days to pass.
const peek = 20 * time.Minute

// process is one Manager and what it told.
type process struct {
	*Manager
	mu     sync.Mutex
	events []Event
}

func (p *process) errors() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		if e.Err != nil {
			all = append(all, e.Err.Error())
		}
	}
	return all
}

// startAt starts a Manager for names, which is who the authority asks.
func startAt(t *testing.T, a *authority, s Storage, names ...string) *process {
	t.Helper()
	return startFor(t, a, s, "ops@example.org", names...)
}

// startFor is startAt with an e-mail address.
func startFor(t *testing.T, a *authority, s Storage, email string, names ...string) *process {
	t.Helper()
	p := new(process)
	m, err := New(Options{
		Names: names, Email: email, Directory: testDirectory, Storage: s,
		Challenges: []string{HTTP01, TLSALPN01}, Wait: 10 * time.Second, Peek: peek, Transport: a.transport(),
		OnEvent: func(e Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.events = append(p.events, e)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Manager = m
	a.change(func() { a.ask = m })
	m.Start()
	t.Cleanup(m.Close)
	return p
}

func TestACertificateIsOrderedStoredAndFoundAgain(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		s := Folder(dir)
		first := startAt(t, a, s, "www.example.org", "api.example.org")
		time.Sleep(10 * time.Second)
		if len(first.Certificates()) != 2 {
			t.Fatalf("%d certificates; %q", len(first.Certificates()), first.errors())
		}
		if !strings.Contains(a.account, "mailto:ops@example.org") || !strings.Contains(a.account, `"termsOfServiceAgreed":true`) {
			t.Errorf("the account: %s", a.account)
		}
		was := serial(first.Manager, "www.example.org")
		first.Close()
		second := startAt(t, a, s, "www.example.org", "api.example.org")
		if got := serial(second.Manager, "www.example.org"); got != was {
			t.Errorf("the certificate was %s and is %s", was, got)
		}
		time.Sleep(day)
		if n := a.count("www.example.org"); n != 1 {
			t.Errorf("%d orders", n)
		}
	})
	modes(t, dir)
}

// modes sees to it that nobody but the owner can read anything.
func modes(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files++
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if strings.HasPrefix(d.Name(), ".") {
			t.Errorf("%s was left behind", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Errorf("only %d files and folders", files)
	}
}

func TestRenewalAtAThirdOfTheLife(t *testing.T) {
	for _, days := range []int{6, 45, 64, 90} {
		t.Run(fmt.Sprint(days), func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(t)
				a.life = time.Duration(days) * day
				p := startAt(t, a, Folder(dir), "www.example.org")
				time.Sleep(time.Minute)
				first := serial(p.Manager, "www.example.org")
				time.Sleep(a.life*2/3 - 2*time.Minute)
				if n := a.count("www.example.org"); n != 1 || first == "" {
					t.Fatalf("%d orders before a third was left", n)
				}
				time.Sleep(2 * time.Minute)
				if n := a.count("www.example.org"); n != 2 || serial(p.Manager, "www.example.org") == first {
					t.Fatalf("%d orders when a third was left", n)
				}
				time.Sleep(a.life * 2 / 3)
				// autocert's own timer of the first certificate has come meanwhile.
				if n := a.count("www.example.org"); n != 3 {
					t.Errorf("%d orders after two renewals", n)
				}
			})
		})
	}
}

func TestAnAuthorityThatAlwaysFailsIsSeldomAsked(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		began := time.Now()
		inFirstHour := 0
		var p *process
		for hour := range 24 {
			// Every three hours it is another process: what is remembered is stored.
			if hour%3 == 0 {
				if p != nil {
					p.Close()
				}
				p = startAt(t, a, Folder(dir), "www.example.org")
				a.change(func() { a.ask = nil })
			}
			time.Sleep(time.Hour - time.Since(began.Add(time.Duration(hour)*time.Hour)))
			if hour == 0 {
				inFirstHour = a.count("www.example.org")
			}
		}
		if n := a.count("www.example.org"); inFirstHour != 4 || n != 11 {
			t.Errorf("%d orders in the first hour, %d in a day", inFirstHour, n)
		}
		if len(a.tried["www.example.org"]) != a.count("www.example.org") {
			t.Errorf("%d validations", len(a.tried["www.example.org"]))
		}
		if tried := a.tried["www.example.org"]; tried[0] != HTTP01 || tried[1] != TLSALPN01 || tried[2] != HTTP01 {
			t.Errorf("tried: %q", tried[:3])
		}
		st := p.Status()[0]
		if st.Failure.Count != 11 || !strings.Contains(st.Failure.Error, "nobody answers") || !strings.Contains(st.Failure.Error, "error:connection") {
			t.Errorf("the failure: %+v", st.Failure)
		}
		// The day after, the door can be reached.
		a.change(func() { a.ask = p.Manager })
		time.Sleep(3 * time.Hour)
		if serial(p.Manager, "www.example.org") == "" || p.Status()[0].Failure.Count != 0 {
			t.Errorf("no certificate: %q", p.errors())
		}
	})
}

func TestBothChallengesAreAnswered(t *testing.T) {
	for _, kind := range []string{HTTP01, TLSALPN01} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				a := newAuthority(t)
				// Who answers is another process than who orders.
				m, err := New(Options{
					Names: []string{"www.example.org"}, Directory: testDirectory, Storage: Folder(dir),
					Challenges: []string{kind}, Transport: a.transport(),
				})
				if err != nil {
					t.Fatal(err)
				}
				answer, err := New(Options{Names: []string{"www.example.org"}, Directory: testDirectory, Storage: Folder(dir), Challenges: []string{kind}, Transport: a.transport()})
				if err != nil {
					t.Fatal(err)
				}
				a.change(func() { a.ask = answer })
				m.Start()
				defer m.Close()
				defer answer.Close()
				time.Sleep(2 * time.Minute)
				if serial(m, "www.example.org") == "" {
					t.Fatalf("none: %+v", m.Status())
				}
				if got := a.tried["www.example.org"]; !slices.Contains(got, kind) {
					t.Errorf("tried: %q", got)
				}
				if left, _ := os.ReadDir(filepath.Join(dir, "challenges")); len(left) != 0 {
					t.Errorf("left behind: %v", left)
				}
			})
		})
	}
}

func TestTwoProcessesMakeOneOrder(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		one := startAt(t, a, Folder(dir), "www.example.org")
		two := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		for range 3 {
			if x, y := serial(one.Manager, "www.example.org"), serial(two.Manager, "www.example.org"); x == "" || x != y {
				t.Errorf("%q and %q: %q %q", x, y, one.errors(), two.errors())
			}
			time.Sleep(60*day + 2*peek)
		}
		if n := a.count("www.example.org"); n != 4 {
			t.Errorf("%d orders for a first certificate and three renewals", n)
		}
	})
}

func TestARevokedCertificateIsReplacedEverywhere(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		one := startAt(t, a, Folder(dir), "www.example.org")
		two := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		was := serial(one.Manager, "www.example.org")
		if err := one.Revoke(t.Context(), "www.example.org"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * peek)
		x, y := serial(one.Manager, "www.example.org"), serial(two.Manager, "www.example.org")
		if x == was || x != y || a.revoked != 1 || a.count("www.example.org") != 2 {
			t.Errorf("was %s, is %s and %s; %d revoked, %d orders", was, x, y, a.revoked, a.count("www.example.org"))
		}
		if err := one.Revoke(t.Context(), "other.example.org"); !errors.Is(err, ErrUnknownName) {
			t.Errorf("another name: %v", err)
		}
	})
}

// Another process has ordered a certificate and had it revoked before this one saw
// it, and did not live to replace it.
func TestARevokedCertificateIsNotTakenUpAsAGoodOne(t *testing.T) {
	theirs, dir := Folder(t.TempDir()), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		other := startAt(t, a, theirs, "www.example.org")
		time.Sleep(time.Minute)
		bad := serial(other.Manager, "www.example.org")
		other.Close()
		cert, err := readCertificate(t.Context(), theirs, "www.example.org")
		if err != nil {
			t.Fatal(err)
		}
		data, err := theirs.Get(t.Context(), certificateKey+"www.example.org.pem")
		if err != nil {
			t.Fatal(err)
		}
		p := startAt(t, a, Folder(dir), "www.example.org")
		a.change(func() { a.ask = nil })
		time.Sleep(time.Hour)
		failed := p.Status()[0].Failure.Count
		leave := func() {
			t.Helper()
			for key, data := range map[string][]byte{
				revokedKey + "www.example.org": []byte(fingerprint(cert.Certificate[0])), certificateKey + "www.example.org.pem": data,
			} {
				if err := Folder(dir).Put(t.Context(), key, data); err != nil {
					t.Fatal(err)
				}
			}
		}
		leave()
		time.Sleep(2 * peek)
		if st := p.Status()[0]; st.Failure.Count < failed || time.Until(st.Next) > 3*time.Hour {
			t.Errorf("after %d failures it is taken for a success: %+v", failed, st)
		}
		a.change(func() { a.ask = p.Manager })
		time.Sleep(3 * time.Hour)
		good := serial(p.Manager, "www.example.org")
		if good == bad || good == "" || p.Status()[0].Failure.Count != 0 {
			t.Errorf("it is %s, %s was revoked: %q", good, bad, p.errors())
		}
		if _, err := os.Stat(filepath.Join(dir, revokedKey, "www.example.org")); err == nil {
			t.Error("it is remembered, though it was replaced")
		}
		// A good one is not given up for one that is revoked, be that newer or not.
		again := startAt(t, a, theirs, "www.example.org")
		if err := again.Renew("www.example.org"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		again.Close()
		if cert, err = readCertificate(t.Context(), theirs, "www.example.org"); err != nil {
			t.Fatal(err)
		}
		if data, err = theirs.Get(t.Context(), certificateKey+"www.example.org.pem"); err != nil {
			t.Fatal(err)
		}
		leave()
		time.Sleep(2 * peek)
		if is := serial(p.Manager, "www.example.org"); is != good || cert.Leaf.SerialNumber.String() == bad {
			t.Errorf("was %s, is %s", good, is)
		}
	})
}

func TestWhatIsTakenUpIsServedThoughTheOrderThatFollowsFails(t *testing.T) {
	theirs, dir := Folder(t.TempDir()), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		startAt(t, a, theirs, "www.example.org")
		time.Sleep(30 * time.Second)
		data, err := theirs.Get(t.Context(), certificateKey+"www.example.org.pem")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * day) // it is to be renewed
		p := startAt(t, a, Folder(dir), "www.example.org")
		a.change(func() { a.ask = nil })
		time.Sleep(30 * time.Second)
		if err := Folder(dir).Put(t.Context(), certificateKey+"www.example.org.pem", data); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		p.mu.Lock()
		defer p.mu.Unlock()
		if n := len(p.events); n != 2 || p.events[1].Certificate == nil || p.events[1].Err == nil {
			t.Errorf("told: %+v", p.events)
		}
	})
}

func TestOnlyListedNamesAreOrdered(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		for i := range 1000 {
			name := fmt.Sprintf("n%d.example.org", i)
			if p.Await(t.Context(), name) {
				t.Fatalf("%s is there", name)
			}
			if _, err := p.Challenge(t.Context(), name); err == nil {
				t.Fatalf("%s has a challenge", name)
			}
		}
		time.Sleep(day)
		if len(a.orders) != 1 {
			t.Errorf("%d orders", len(a.orders))
		}
		for _, path := range []string{TokenPath + "../../account.key", TokenPath + "..", TokenPath, "/", TokenPath + strings.Repeat("a", 200)} {
			if p.Token(t.Context(), path) != nil {
				t.Errorf("%s is answered", path)
			}
		}
	})
}

func TestNamesAreAddedAndTakenAwayWhileItRuns(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		p.SetNames([]string{"api.example.org", "www.example.org"})
		time.Sleep(time.Minute)
		if len(p.Certificates()) != 2 || a.count("www.example.org") != 1 {
			t.Fatalf("%d certificates, %d orders", len(p.Certificates()), a.count("www.example.org"))
		}
		p.SetNames([]string{"api.example.org"})
		if len(p.Certificates()) != 1 {
			t.Errorf("%d certificates", len(p.Certificates()))
		}
		time.Sleep(100 * day)
		if a.count("www.example.org") != 1 || a.count("api.example.org") != 2 {
			t.Errorf("%v orders", a.byName)
		}
	})
}

func TestTheAuthoritysOwnTimeCounts(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		var asked atomic.Int64
		refuse := func(path string) (int, http.Header, string) {
			if path != "/order" {
				return 0, nil, ""
			}
			asked.Add(1)
			return http.StatusTooManyRequests, http.Header{"Retry-After": {"7200"}},
				`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many certificates for this name"}`
		}
		a.change(func() { a.refuse = refuse })
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(119 * time.Minute)
		if asked.Load() != 1 {
			t.Fatalf("asked %d times", asked.Load())
		}
		if got := p.errors(); len(got) != 1 || got[0] != "too many certificates for this name (urn:ietf:params:acme:error:rateLimited)" {
			t.Errorf("told: %q", got)
		}
		a.change(func() { a.refuse = nil })
		time.Sleep(2 * time.Minute)
		if serial(p.Manager, "www.example.org") == "" {
			t.Errorf("no certificate: %q", p.errors())
		}
	})
}

func TestTheFirstVisitorWaitsButNotForEver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		slow := make(chan struct{})
		stuck := func(path string) (int, http.Header, string) {
			if path == "/order" {
				<-slow
			}
			return 0, nil, ""
		}
		a.change(func() { a.refuse = stuck })
		p := startAt(t, a, Folder(dir), "www.example.org")
		began := time.Now()
		if p.Await(t.Context(), "www.example.org") || time.Since(began) != 10*time.Second {
			t.Errorf("waited %v", time.Since(began))
		}
		waits := make(chan bool)
		go func() { waits <- p.Await(context.Background(), "WWW.example.org.") }()
		synctest.Wait()
		close(slow)
		if !<-waits {
			t.Error("no certificate")
		}
		// One whose order has failed keeps nobody waiting.
		a.change(func() { a.ask = nil })
		p.SetNames([]string{"api.example.org"})
		time.Sleep(30 * time.Second)
		began = time.Now()
		if p.Await(t.Context(), "api.example.org") || time.Since(began) != 0 {
			t.Errorf("waited %v", time.Since(began))
		}
	})
}

// set has the disk be full, or not.
func (f *full) set(now bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = now
}

// full is a Storage whose disk is full of certificates.
type full struct {
	Storage
	mu  sync.Mutex
	now bool
}

func (f *full) Put(ctx context.Context, key string, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now && (strings.HasPrefix(key, arrivalKey) || strings.HasPrefix(key, certificateKey)) {
		return errors.New("no space left on device")
	}
	return f.Storage.Put(ctx, key, data)
}

func TestWhatCannotBeStoredIsServedAndOrderedOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		s := &full{Storage: Folder(dir), now: true}
		p := startAt(t, a, s, "www.example.org")
		began := time.Now()
		time.Sleep(day)
		if serial(p.Manager, "www.example.org") == "" || a.count("www.example.org") != 1 {
			t.Fatalf("%d orders: %q", a.count("www.example.org"), p.errors())
		}
		st := p.Status()[0]
		if u := st.Unstored; u.Error != "no space left on device" || u.Since.Sub(began) > time.Minute ||
			time.Until(u.Next) < 0 || time.Until(u.Next) > time.Minute {
			t.Errorf("the status: %+v", u)
		}
		if left := time.Until(st.Next); left < 58*day || left > 60*day || st.Ordering {
			t.Errorf("the renewal is in %v; an order is under way: %v", left, st.Ordering)
		}
		if got := p.errors(); len(got) == 0 || !strings.Contains(got[0], "no space left on device") {
			t.Errorf("told: %q", got)
		}
		s.set(false)
		time.Sleep(2 * time.Minute)
		if _, err := readCertificate(t.Context(), s, "www.example.org"); err != nil {
			t.Error(err)
		}
		if st := p.Status()[0]; st.Unstored != (Unstored{}) {
			t.Errorf("it is stored, and the status has %+v", st.Unstored)
		}
	})
}

func TestWhatCannotBeStoredIsRenewedInTime(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		a.life = 6 * day
		s := &full{Storage: Folder(dir), now: true}
		p := startAt(t, a, s, "www.example.org")
		time.Sleep(time.Minute)
		was := serial(p.Manager, "www.example.org")
		time.Sleep(4*day + time.Hour)
		if is := serial(p.Manager, "www.example.org"); is == was || a.count("www.example.org") != 2 {
			t.Errorf("was %s, is %s, after %d orders", was, is, a.count("www.example.org"))
		}
		if since := time.Since(p.Status()[0].Unstored.Since); since > 2*time.Hour {
			t.Errorf("the new one could not be stored for %v", since)
		}
	})
}

func TestWhatCouldNotBeStoredReplacesNoNewerOne(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		s := &full{Storage: Folder(dir), now: true}
		one := startAt(t, a, s, "www.example.org")
		time.Sleep(30 * time.Second)
		old := serial(one.Manager, "www.example.org")
		two := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(5 * time.Minute)
		s.set(false)
		time.Sleep(5 * time.Minute)
		x, y := serial(one.Manager, "www.example.org"), serial(two.Manager, "www.example.org")
		if y == old || x != y {
			t.Errorf("was %s, is %s and %s", old, x, y)
		}
		stored, err := readCertificate(t.Context(), Folder(dir), "www.example.org")
		if err != nil || stored.Leaf.SerialNumber.String() != y {
			t.Errorf("stored: %v, %v", stored.Leaf.SerialNumber, err)
		}
		if u := one.Status()[0].Unstored; u.Error != "" {
			t.Errorf("the status: %+v", u)
		}
	})
}

func TestAFolderThatCannotBeWrittenFailsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Storage: Folder(filepath.Join(file, "acme"))}); err == nil {
		t.Error("no error")
	}
}

func TestWhoComesWaitsInThePlaceOfACertificateThatHasEnded(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		was := serial(p.Manager, "www.example.org")
		p.Close()
		time.Sleep(100 * day)
		p = startAt(t, a, Folder(dir), "www.example.org")
		if !p.Await(t.Context(), "www.example.org") {
			t.Errorf("no certificate: %q", p.errors())
		}
		if is := serial(p.Manager, "www.example.org"); is == was || a.count("www.example.org") != 2 {
			t.Errorf("was %s, is %s, after %d orders", was, is, a.count("www.example.org"))
		}
		p.Close()
		// Where the order fails, nobody waits for nothing.
		time.Sleep(100 * day)
		p = startAt(t, a, Folder(dir), "www.example.org")
		a.change(func() { a.ask = nil })
		time.Sleep(30 * time.Second)
		began := time.Now()
		p.Await(t.Context(), "www.example.org")
		if waited := time.Since(began); waited != 0 || p.Status()[0].Failure.Count != 1 {
			t.Errorf("waited %v: %+v", waited, p.Status()[0].Failure)
		}
	})
}

func TestAStoredCertificateThatIsDamagedIsOrderedAnew(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		s := Folder(dir)
		p := startAt(t, a, s, "www.example.org", "api.example.org")
		time.Sleep(time.Minute)
		p.Close()
		good, err := s.Get(t.Context(), certificateKey+"www.example.org.pem")
		if err != nil {
			t.Fatal(err)
		}
		other, err := s.Get(t.Context(), certificateKey+"api.example.org.pem")
		if err != nil {
			t.Fatal(err)
		}
		key, _, _ := strings.Cut(string(other), "-----BEGIN CERTIFICATE-----")
		_, chain, _ := strings.Cut(string(good), "-----BEGIN CERTIFICATE-----")
		orders := a.count("www.example.org")
		for name, data := range map[string]string{
			"empty": "", "cut": string(good[:len(good)/2]), "of another name": string(other), "without a key": "-----BEGIN CERTIFICATE-----" + chain,
			"with another's key": key + "-----BEGIN CERTIFICATE-----" + chain, "zeroes": string(make([]byte, 4096)),
		} {
			if err := s.Put(t.Context(), certificateKey+"www.example.org.pem", []byte(data)); err != nil {
				t.Fatal(err)
			}
			p := startAt(t, a, s, "www.example.org")
			if len(p.Certificates()) != 0 {
				t.Errorf("%s: it is served", name)
			}
			if !p.Await(t.Context(), "www.example.org") {
				t.Errorf("%s: no certificate: %q", name, p.errors())
			}
			orders++
			if n := a.count("www.example.org"); n != orders {
				t.Errorf("%s: %d orders, want %d", name, n, orders)
			}
			if got := p.errors(); len(got) != 1 || !strings.Contains(got[0], "the stored certificate of www.example.org is damaged") {
				t.Errorf("%s: told %q", name, got)
			}
			p.Close()
		}
	})
}

func TestADamagedFileCostsAnOrderAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		p.Close()
		if err := os.WriteFile(filepath.Join(dir, "certificates", "www.example.org.pem"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		p = startAt(t, a, Folder(dir), "www.example.org")
		time.Sleep(time.Minute)
		if a.count("www.example.org") != 2 || serial(p.Manager, "www.example.org") == "" {
			t.Errorf("%d orders", a.count("www.example.org"))
		}
		if got := p.errors(); len(got) != 1 || !strings.Contains(got[0], "damaged") {
			t.Errorf("told: %q", got)
		}
		p.Close()
		if err := os.WriteFile(filepath.Join(dir, accountKey), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		p = startAt(t, a, Folder(dir), "www.example.org", "api.example.org")
		time.Sleep(time.Minute)
		if got := p.errors(); len(got) == 0 || !strings.Contains(got[0], "restore it, or remove it") {
			t.Errorf("told: %q", got)
		}
	})
}

func TestFoldersOfDirectories(t *testing.T) {
	for directory, want := range map[string]string{
		DefaultDirectory:              "/x/acme/acme-v02.api.letsencrypt.org_directory",
		StagingDirectory:              "/x/acme/acme-staging-v02.api.letsencrypt.org_directory",
		"https://127.0.0.1:14000/dir": "/x/acme/127.0.0.1_14000_dir",
		"../../etc":                   "/x/acme/etc",
	} {
		if got := string(FolderFor("/x", directory)); got != want {
			t.Errorf("%s: %s", directory, got)
		}
	}
}

func TestIssuableNames(t *testing.T) {
	for name, good := range map[string]bool{
		"www.example.org": true, "xn--bcher-kva.example.org": true, "localhost": false, "*.example.org": false,
		"192.0.2.1": false, "[::1]": false, "::1": false, "a_b.example.org": false, "": false,
	} {
		if err := Issuable(name); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
