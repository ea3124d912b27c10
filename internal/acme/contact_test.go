package acme

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// contactOf is the account's contact, and how often it was changed.
func contactOf(a *authority) (contact string, updates int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.contact, a.updates
}

func TestAnotherAddressReachesTheAccount(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		asked := 0
		count := func(path string) (int, http.Header, string) {
			a.change(func() {
				if strings.HasPrefix(path, "/account") {
					asked++
				}
			})
			return 0, nil, ""
		}
		a.change(func() { a.refuse = count })
		for _, email := range []string{"ops@example.org", "ops@example.org", "other@example.org", "other@example.org", ""} {
			p := startFor(t, a, Folder(dir), email, "www.example.org")
			time.Sleep(time.Minute)
			if got := p.errors(); len(got) != 0 {
				t.Errorf("%s: %q", email, got)
			}
			p.Close()
		}
		contact, updates := contactOf(a)
		if contact != `["mailto:other@example.org"]` || updates != 1 {
			t.Errorf("after %d changes: %s", updates, contact)
		}
		if asked != 3 { // the first order, where is the account, the change
			t.Errorf("%d requests about the account", asked)
		}
		// What a version before has left says nothing of the address.
		if err := os.Remove(filepath.Join(dir, contactKey)); err != nil {
			t.Fatal(err)
		}
		for _, email := range []string{"other@example.org", "third@example.org"} {
			startFor(t, a, Folder(dir), email, "www.example.org")
			time.Sleep(time.Minute)
		}
		if contact, updates := contactOf(a); contact != `["mailto:third@example.org"]` || updates != 2 {
			t.Errorf("after %d changes: %s", updates, contact)
		}
	})
	modes(t, dir)
}

func TestAnAddressThatCannotBeToldStopsNoOrder(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		startFor(t, a, Folder(dir), "ops@example.org", "www.example.org").awaited(t, "www.example.org")
		refuse := func(path string) (int, http.Header, string) {
			if path != "/account/1" {
				return 0, nil, ""
			}
			return http.StatusBadRequest, nil, `{"type":"urn:ietf:params:acme:error:invalidContact","detail":"no such domain"}`
		}
		a.change(func() { a.refuse = refuse })
		p := startFor(t, a, Folder(dir), "ops@example.invalid", "www.example.org", "api.example.org")
		p.awaited(t, "api.example.org")
		time.Sleep(time.Hour)
		got := p.errors()
		if len(got) != 4 || !strings.Contains(got[0], "no such domain") { // as often as an order that fails
			t.Errorf("told: %q", got)
		}
		a.change(func() { a.refuse = nil })
		time.Sleep(3 * time.Hour)
		if contact, updates := contactOf(a); contact != `["mailto:ops@example.invalid"]` || updates != 1 {
			t.Errorf("after %d changes: %s", updates, contact)
		}
	})
}

func TestOneOfTwoProcessesTellsAnAddress(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		p.awaited(t, "www.example.org")
		p.Close()
		release, err := Folder(dir).Lock("account")
		if err != nil {
			t.Fatal(err)
		}
		one := startFor(t, a, Folder(dir), "other@example.org", "www.example.org")
		two := startFor(t, a, Folder(dir), "other@example.org", "www.example.org")
		time.Sleep(30 * time.Second)
		if _, updates := contactOf(a); updates != 0 {
			t.Errorf("%d changes by who has not the lock", updates)
		}
		release()
		time.Sleep(10 * time.Minute)
		if contact, updates := contactOf(a); contact != `["mailto:other@example.org"]` || updates != 1 {
			t.Errorf("after %d changes: %s", updates, contact)
		}
		if got := append(one.errors(), two.errors()...); len(got) != 0 {
			t.Errorf("told: %q", got)
		}
	})
}

func TestAnAccountThatTheAuthorityHasLostIsMadeAnew(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		p := startAt(t, a, Folder(dir), "www.example.org")
		p.awaited(t, "www.example.org")
		p.Close()
		a.change(func() { a.account, a.contact = "", "" })
		p = startFor(t, a, Folder(dir), "other@example.org", "www.example.org", "api.example.org")
		p.awaited(t, "api.example.org")
		time.Sleep(day)
		if contact, updates := contactOf(a); contact != `["mailto:other@example.org"]` || updates != 0 || len(p.errors()) != 0 {
			t.Errorf("after %d changes: %s; %q", updates, contact, p.errors())
		}
	})
}

// awaited fails the test unless there is a certificate in a minute.
func (p *process) awaited(t *testing.T, name string) {
	t.Helper()
	time.Sleep(time.Minute)
	if serial(p.Manager, name) == "" {
		t.Fatalf("no certificate for %s: %q", name, p.errors())
	}
}
