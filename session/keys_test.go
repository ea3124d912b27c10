package session

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// secretOf returns a secret of n bytes, all of them c, in base64.
func secretOf(c byte, n int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(c), n)))
}

func TestKeyFileForms(t *testing.T) {
	secrets := []string{
		secretOf('a', 32), secretOf('b', 33), secretOf('c', 64),
		base64.RawURLEncoding.EncodeToString([]byte(strings.Repeat("\xfb\xff\xfe", 11))),
		base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xfb\xff\xff", 11))),
	}
	text := "# comment\r\n\r\n  k1:" + secrets[0] + "  \r\n\tk_2 : " + secrets[1] + "\n#k9:short\nK-3:" + secrets[2] + "\n4:" + secrets[3] + "\n5:" + secrets[4]
	r, err := parseKeys("keys", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := keysOf(r).IDs(); !slices.Equal(got, []string{"k1", "k_2", "K-3", "4", "5"}) {
		t.Errorf("ids %q", got)
	}
}

func TestKeyFileFaultsNameFileAndLineAndNoSecret(t *testing.T) {
	good := secretOf('a', 32)
	leak := secretOf('z', 31)
	tests := []struct {
		text string
		want []string
	}{
		{"", []string{"f: holds no key"}},
		{"# only\n\n", []string{"f: holds no key"}},
		{leak, []string{"f:1: is not of the form id:secret"}},
		{good + ":k1", []string{"f:1: the id before the colon must have 1 to 16 of A-Z a-z 0-9 _ -"}},
		{":" + good, []string{"f:1: the id before the colon must have 1 to 16 of A-Z a-z 0-9 _ -"}},
		{"k 1:" + good, []string{"f:1: the id before the colon must have 1 to 16 of A-Z a-z 0-9 _ -"}},
		{"k1:", []string{`f:1: the secret of key "k1" has 0 bytes; it needs at least 32`}},
		{"\nk1:" + leak, []string{`f:2: the secret of key "k1" has 31 bytes; it needs at least 32`}},
		{"k1:" + good + "!", []string{`f:1: the secret of key "k1" is not base64`}},
		{"k1:" + good + "\nk1:" + secretOf('b', 32), []string{`f:2: the id "k1" is already that of line 1`}},
		{"k1:" + good + "\n#\nk2:" + strings.TrimRight(good, "="), []string{`f:3: the secret of key "k2" is already that of line 1`}},
		{"x\nk1:" + good + "\nk2:" + leak, []string{"f:1: is not of the form id:secret", `f:3: the secret of key "k2" has 31 bytes; it needs at least 32`}},
	}
	for _, tt := range tests {
		_, err := parseKeys("f", []byte(tt.text))
		if err == nil {
			t.Errorf("%q: no error", tt.text)
			continue
		}
		if got := err.Error(); got != strings.Join(tt.want, "\n") {
			t.Errorf("%q: got\n%s\nwant\n%s", tt.text, got, strings.Join(tt.want, "\n"))
		}
		var fault *KeyFileError
		if !errors.As(err, &fault) || fault.File != "f" {
			t.Errorf("%q: %v is no KeyFileError", tt.text, err)
		}
	}
}

func TestTooManyKeys(t *testing.T) {
	var b strings.Builder
	for i := range maxKeys + 1 {
		fmt.Fprintf(&b, "k%d:%s\n", i, secretOf(byte('A'+i), 32))
	}
	if _, err := parseKeys("f", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "more than 32 keys") {
		t.Errorf("got %v", err)
	}
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(strings.Repeat("#", maxKeyFile+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("got %v", err)
	}
}

func TestKeysShowNoSecret(t *testing.T) {
	const raw = "SECRETSECRETSECRETSECRETSECRETSE"
	k, err := newKey("k1", []byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(raw))
	keys := keysOf(&ring{keys: []key{k}, lines: []string{"k1:" + encoded}})
	a := newAffinity(t, func(o *Options) { o.Keys = keys })
	type holder struct {
		Shown  *Keys
		hidden *Keys
		value  Keys
	}
	var printed strings.Builder
	for _, v := range []any{keys, *keys, Options{Pool: "app", Keys: keys}, a, holder{keys, keys, *keys}, &holder{keys, keys, *keys}, []*Keys{keys}, map[string]Keys{"k": *keys}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		if _, isAffinity := v.(*Affinity); isAffinity {
			continue
		}
		if _, isOptions := v.(Options); isOptions {
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		printed.Write(b)
	}
	slog.New(slog.NewTextHandler(&printed, nil)).Info("keys", "keys", keys, "value", *keys)
	slog.New(slog.NewJSONHandler(&printed, nil)).Info("keys", "keys", keys, "value", *keys)
	text := printed.String()
	if !strings.Contains(text, "session.Keys(1)") {
		t.Error("nothing was printed at all")
	}
	for _, s := range []string{raw, encoded, fmt.Sprintf("%x", raw), fmt.Sprintf("%X", raw), fmt.Sprint([]byte(raw)), raw[:8], encoded[:8]} {
		if strings.Contains(text, s) {
			t.Errorf("%q shows", s)
		}
	}
}

func TestNoKeysNoAffinity(t *testing.T) {
	for _, k := range []*Keys{nil, {}, keysOf(&ring{})} {
		if _, err := New(Options{Pool: "app", Keys: k}); err == nil {
			t.Errorf("%v was taken", k)
		}
		if k.Exposed() || k.Created() || k.IDs() != nil {
			t.Errorf("%v claims something", k)
		}
	}
}

func TestEachKeyHasItsOwnDerivedKeys(t *testing.T) {
	k := must(firstKeys())(t)
	other := keysOf(&ring{keys: []key{must(newKey(k.IDs()[0], []byte(strings.Repeat("y", 32))))(t)}})
	a := newAffinity(t, func(o *Options) { o.Keys = k })
	b := newAffinity(t, func(o *Options) { o.Keys = other })
	wantVerdict(t, b, cookies(issue(t, a, "b1", false)), false, Forged)
}

func TestRotation(t *testing.T) {
	old := must(firstKeys())(t)
	rotated := must(old.Rotate(0))(t)
	before := newAffinity(t, func(o *Options) { o.Keys = old })
	after := newAffinity(t, func(o *Options) { o.Keys = rotated })

	pin, verdict := after.Read(cookies(issue(t, before, "b1", true)), true)
	if verdict != Valid || !after.Due(pin) {
		t.Errorf("a cookie of the old key: %v, due %v; want valid and due", verdict, after.Due(pin))
	}
	pin, verdict = after.Read(cookies(issue(t, after, "b1", true)), true)
	if verdict != Valid || after.Due(pin) {
		t.Errorf("a cookie of the new key: %v, due %v; want valid and not due", verdict, after.Due(pin))
	}
	wantVerdict(t, before, cookies(issue(t, after, "b1", true)), true, UnknownKey)

	dropped := newAffinity(t, func(o *Options) { o.Keys = must(rotated.Drop(old.IDs()[0]))(t) })
	wantVerdict(t, dropped, cookies(issue(t, before, "b1", true)), true, UnknownKey)
}

func TestKeyEdits(t *testing.T) {
	text := "# top\nk1:" + secretOf('a', 32) + "\n# between\n\nk2:" + secretOf('b', 32) + "\nk3:" + secretOf('c', 32) + "\n# end"
	k := keysOf(must(parseKeys("f", []byte(text)))(t))
	ids := func(k *Keys, err error) []string { t.Helper(); return must(k, err)(t).IDs() }

	for keep, want := range []int{4, 1, 2, 3, 4, 4} {
		got := ids(k.Rotate(keep))
		if len(got) != want || slices.Contains(k.IDs(), got[0]) || !slices.Equal(got[1:], k.IDs()[:want-1]) {
			t.Errorf("keeping %d: %q", keep, got)
		}
	}
	if got := ids(k.Stage()); len(got) != 4 || !slices.Equal(got[:3], k.IDs()) {
		t.Errorf("staged: %q", got)
	}
	if got := ids(k.Promote("k3")); !slices.Equal(got, []string{"k3", "k1", "k2"}) {
		t.Errorf("promoted: %q", got)
	}
	if got := ids(k.Promote("k1")); !slices.Equal(got, k.IDs()) {
		t.Errorf("promoted the first: %q", got)
	}
	dropped := must(k.Drop("k2"))(t)
	if want := strings.Replace(text, "k2:"+secretOf('b', 32)+"\n", "", 1) + "\n"; dropped.text() != want {
		t.Errorf("dropped:\n%s\nwant\n%s", dropped.text(), want)
	}
	if k.text() != text+"\n" {
		t.Errorf("the keys themselves were changed:\n%s", k.text())
	}
	for _, id := range []string{"k4", "", secretOf('a', 32)} {
		_, err1 := k.Drop(id)
		_, err2 := k.Promote(id)
		if err1 == nil || err2 == nil || strings.Contains(err1.Error()+err2.Error(), secretOf('a', 32)) {
			t.Errorf("id %q: %v, %v", id, err1, err2)
		}
	}
	if _, err := must(firstKeys())(t).Drop("x"); err == nil {
		t.Error("an unknown key was dropped")
	}
	one := must(k.Rotate(1))(t)
	if _, err := one.Drop(one.IDs()[0]); err == nil {
		t.Error("the only key was dropped")
	}
}

func TestIDsBeginWithTheDay(t *testing.T) {
	id := must(firstKeys())(t).IDs()[0]
	if _, err := time.Parse("20060102", id[:8]); err != nil || !validID(id) {
		t.Errorf("id %q", id)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add("k1:" + secretOf('a', 32))
	f.Add("# x\n\nk1:" + secretOf('a', 32) + "\r\nk2:" + secretOf('b', 40))
	f.Add(":\n::\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseKeys("f", []byte(text))
		if err != nil {
			return
		}
		k := keysOf(r)
		again, err := parseKeys("f", []byte(k.text()))
		if err != nil || !slices.Equal(keysOf(again).IDs(), k.IDs()) {
			t.Fatalf("%q came back as %q, %v", text, k.text(), err)
		}
	})
}
