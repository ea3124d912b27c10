package integration

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sterling/internal/proxytest"
)

// keyFile is a key file of those ids; the same id has always the same secret.
func keyFile(t testing.TB, ids ...string) string {
	t.Helper()
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(id + ":" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(id, 32)[:32])) + "\n")
	}
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func withKeys(path, config string) proxytest.Options {
	return proxytest.Options{Config: "[affinity]\nkeys = \"" + path + "\"\n" + config}
}

func TestReplicasWithOneKeyFileHonourEachOthersCookies(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	config := proxytest.Pool("app", c.addrs...)
	keys := keyFile(t, "one")
	a, b := proxytest.Start(t, withKeys(keys, config)), proxytest.Start(t, withKeys(keys, config))
	stranger := proxytest.Start(t, withKeys(keyFile(t, "two"), config))
	for range 10 {
		cookie, backend := enter(t, a, modes[0])
		got := do(t, b.Client(false), request(t, "GET", b.URL("plain")+"/", "", "Cookie: "+cookie))
		if got.body != backend || len(got.Header.Values("Set-Cookie")) != 0 {
			t.Fatalf("the other replica: %q, Set-Cookie %q; want %s", got.body, got.Header.Values("Set-Cookie"), backend)
		}
		got = do(t, stranger.Client(false), request(t, "GET", stranger.URL("plain")+"/", "", "Cookie: "+cookie))
		if got.StatusCode != 200 || len(got.Header.Values("Set-Cookie")) != 1 {
			t.Fatalf("a replica with another key: %d, Set-Cookie %q", got.StatusCode, got.Header.Values("Set-Cookie"))
		}
	}
}

func TestKeysRotateWithoutLosingAVisitor(t *testing.T) {
	t.Parallel()
	c := newCluster(t, "b1", "b2", "b3")
	config := proxytest.Pool("app", c.addrs...)
	keys := keyFile(t, "old")
	p := proxytest.Start(t, withKeys(keys, config))
	m := modes[2]
	cookie, backend := enter(t, p, m)
	rotated, err := os.ReadFile(keyFile(t, "new", "old"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keys, rotated, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Reload()
	a := do(t, p.Client(true), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+cookie))
	set := setCookies(a.Header, m.cookieName("app"))
	if a.body != backend || len(set) != 1 || pair(set[0]) == cookie {
		t.Fatalf("with the old key: %q, Set-Cookie %q; want %s and a new cookie", a.body, set, backend)
	}
	a = do(t, p.Client(true), request(t, "GET", p.URL(m.listener)+"/", "", "Cookie: "+pair(set[0])))
	if a.body != backend || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Errorf("with the new key: %q, Set-Cookie %q", a.body, a.Header.Values("Set-Cookie"))
	}
}
