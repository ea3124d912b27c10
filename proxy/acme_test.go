package proxy

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sterling/internal/acme"
)

// ordering is a configuration that orders from an authority which is not there.
func ordering(acme, routes string) string {
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls.acme]\ndirectory = \"https://127.0.0.1:1/\"\n"+acme+"\n[[tls.certificate]]", 1)
	return toml + routes + "[[pool]]\nname = \"app\"\n[[pool.backend]]\nname = \"b1\"\nurl = \"http://127.0.0.1:1\"\n"
}

func TestWhichNamesAreOrdered(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	const files = "[[tls.certificate]]\nfiles = \"wild*.pem\"\n"
	r.replace("wild", "*.files.example")
	for _, tc := range []struct {
		name, acme, routes string
		want               string // names, or a part of a problem
	}{
		{"hosts of routes", "", `[[route]]
hosts = ["www.example.org", "api.example.org"]
pool = "app"
[[route]]
hosts = ["www.example.org"]
paths = ["/x/"]
pool = "app"
`, "api.example.org www.example.org"},
		{"files come first", files, `[[route]]
hosts = ["door.example", "a.files.example", "*.files.example", "www.example.org"]
pool = "app"
`, "www.example.org"},
		{"plain routes need none", "", `[[route]]
hosts = ["plain.example.org"]
listeners = ["plain", "plain-standard"]
pool = "app"
[[route]]
hosts = ["www.example.org"]
pool = "app"
`, "www.example.org"},
		{"a list", "hosts = [\"b.example.org\", \"a.example.org\"]", "[[route]]\npool = \"app\"\n", "a.example.org b.example.org"},
		{"no dot", "", "[[route]]\nhosts = [\"intranet\"]\npool = \"app\"\n", `route[0].hosts[0]: no certificate can be ordered for "intranet": it has no dot`},
		{"a wildcard", "", "[[route]]\nhosts = [\"*.example.org\"]\npool = \"app\"\n", "route[0].hosts[0]: no certificate can be ordered for"},
		{"a listed address", "hosts = [\"192.0.2.1\"]", "[[route]]\npool = \"app\"\n", "tls.acme.hosts[0]: no certificate can be ordered"},
		{"none", "", "[[route]]\npool = \"app\"\n", "tls.acme: no route names a host"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := r.parse(ordering(tc.acme, tc.routes))
			if problems := Check(cfg); problems.Err() != nil {
				if !strings.Contains(problems.Err().Error(), tc.want) {
					t.Errorf("got %v", problems)
				}
				return
			}
			if got := strings.Join(Ordered(cfg), " "); got != tc.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestPrivateNamesAreAWarningWithLetsEncrypt(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	toml := ordering("", "[[route]]\nhosts = [\"app.internal\"]\npool = \"app\"\n")
	if problems := Check(r.parse(toml)); len(problems) != 0 {
		t.Errorf("another authority: %v", problems)
	}
	problems := Check(r.parse(strings.Replace(toml, "directory = \"https://127.0.0.1:1/\"", "", 1)))
	if len(problems) != 1 || !problems[0].Warning || !strings.Contains(problems[0].String(), "no public name") {
		t.Errorf("Let's Encrypt: %v", problems)
	}
}

func TestWhatIsToldOfAnOrderedCertificate(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	st := acme.Status{
		Name: "www.example.org", Certificate: &x509.Certificate{NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)},
		Unstored: acme.Unstored{Since: now.Add(-time.Minute), Next: now.Add(time.Minute), Error: "no space left on device"}, Late: true,
	}
	got, err := json.Marshal(orderedReport(st, now))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"names":["www.example.org"],"source":"acme","issuer":"","not_before":"2026-03-01T11:00:00Z",` +
		`"not_after":"2026-03-01T13:00:00Z","renewal":"2026-03-01T12:00:00Z","ordering":false,"failures":0,"error":"",` +
		`"unstored":{"since":"2026-03-01T11:59:00Z","next":"2026-03-01T12:01:00Z","error":"no space left on device"},"late":true}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r := orderedReport(acme.Status{}, now); r.Unstored != nil || r.Late {
		t.Errorf("of one that is stored: %+v", r)
	}
}

func TestAStateFolderThatCannotBeWrittenStopsTheStart(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	cfg := r.parse(ordering("", "[[route]]\nhosts = [\"www.example.org\"]\npool = \"app\"\n"))
	cfg.State.Dir = filepath.Join(r.dir, "file")
	if err := os.WriteFile(cfg.State.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(cfg, Options{})
	if err == nil || !strings.Contains(err.Error(), "certificates cannot be kept there") {
		t.Errorf("got %v", err)
	}
}

// Only what an authority was told to ask for is answered here; all else goes its
// way, for backends may prove things, too.
func TestStrangeChallengesAreRouted(t *testing.T) {
	one := named(t, "one")
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls.acme]\ndirectory = \"https://127.0.0.1:1/\"\nhosts = [\"www.example.org\"]\n[[tls.certificate]]", 1)
	r := startWith(t, toml+appPool(one.URL))
	key := "a-token-of-a-backend_0123"
	folder := acme.FolderFor(r.parse(toml+appPool(one.URL)).State.Dir, "https://127.0.0.1:1/")
	if err := folder.Put(t.Context(), "challenges/mine-0123456789abcdef+http-01", []byte("the answer")); err != nil {
		t.Fatal(err)
	}
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) {
			c := m.client(t)
			for path, want := range map[string]string{
				acme.TokenPath + key: "one", acme.TokenPath + "x/" + key: "one", acme.TokenPath: "one",
				// At any host: who rehearses may not have this one yet.
				acme.TokenPath + "mine-0123456789abcdef": "the answer",
			} {
				if _, body := get(t, c, r.url(m)+path); body != want {
					t.Errorf("%s: %q", path, body)
				}
			}
			if m.tls {
				return // its host is not that of the certificate's
			}
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url(m)+acme.TokenPath+"mine-0123456789abcdef", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "WWW.example.org"
			res, err := c.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err != nil || string(body) != "the answer" || res.StatusCode != http.StatusOK {
				t.Errorf("%d %q", res.StatusCode, body)
			}
		})
	}
	if got := r.Certificates(); len(got) != 2 || got[1].Source != "acme" || !slices.Equal(got[1].Names, []string{"www.example.org"}) {
		t.Errorf("%+v", got)
	}
}
