package tls

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lay writes files into a new folder; "cert", "key" and "both" stand for the
// PEM of a certificate and its key.
func lay(t *testing.T, files map[string]string) string {
	t.Helper()
	cert, key, err := SelfSigned([]string{"one.example"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	contents := map[string][]byte{"cert": cert, "key": key, "both": append(append([]byte{}, cert...), key...)}
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		text := contents[content]
		if text == nil {
			text = []byte(content)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := lay(t, map[string]string{
		"a.pem": "cert", "a.key": "key", "b.crt": "cert", "b.key": "key", "both.pem": "both", "README": "no certificate",
		"live/one/fullchain.pem": "cert", "live/one/privkey.pem": "key", "live/one/chain.pem": "cert",
		"live/two/fullchain.pem": "cert", "live/two/privkey.pem": "key", "live/README": "words",
		"cut/one.pem": "AAAA\n-----END CERTIFICATE-----\n", "cut/one.key": "key", "bare/one.pem": "cert", "odd/one.txt": "cert", "empty/one.txt": "nothing",
	})
	for pattern, want := range map[string]string{
		"*.pem":                "a.pem a.key, both.pem both.pem",
		"*":                    "a.pem a.key, b.crt b.key, both.pem both.pem",
		"live/*":               "live/one/fullchain.pem live/one/privkey.pem, live/two/fullchain.pem live/two/privkey.pem",
		"live/*/fullchain.pem": "live/one/fullchain.pem live/one/privkey.pem, live/two/fullchain.pem live/two/privkey.pem",
		"live/one":             "live/one/fullchain.pem live/one/privkey.pem",
		"live":                 "live/one/fullchain.pem live/one/privkey.pem, live/two/fullchain.pem live/two/privkey.pem",
		".":                    "a.pem a.key, b.crt b.key, both.pem both.pem",
		"cut/*":                "cut/one.pem cut/one.key", // which Load will refuse
		"bare/*.pem":           "DIR/bare/one.pem holds no key, and there is no DIR/bare/one.key",
		"odd/*":                "DIR/odd/one.txt holds no key",
		"empty/*":              "no certificate is there",
		"nowhere/*":            "no certificate is there",
		"[":                    "syntax error in pattern",
	} {
		pairs, err := Find(filepath.Join(dir, pattern))
		var got []string
		for _, p := range pairs {
			got = append(got, strings.TrimPrefix(p.Cert, dir+"/")+" "+strings.TrimPrefix(p.Key, dir+"/"))
		}
		text := strings.Join(got, ", ")
		if err != nil {
			text = strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		if text != want {
			t.Errorf("%s: got %q, want %q", pattern, text, want)
		}
	}
}
