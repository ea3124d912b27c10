package session

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEveryChangeOfAValidValueIsRefused(t *testing.T) {
	a := newAffinity(t, nil)
	name, value, _ := strings.Cut(issue(t, a, "b1", true), "=")
	wantVerdict(t, a, cookies(name+"="+value), true, Valid)
	try := func(i int, c byte) {
		changed := []byte(value)
		if changed[i] == c {
			return
		}
		changed[i] = c
		if pin, verdict := a.Read(cookies(name+"="+string(changed)), true); verdict == Valid || pin != (Pin{}) {
			t.Errorf("place %d from %q to %q: %v, pin to %q", i, value[i], c, verdict, pin.Backend)
		}
	}
	for i := range len(value) {
		for bit := range 8 {
			try(i, value[i]^1<<bit)
		}
		for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=.|\r\n\t \"") {
			try(i, c)
		}
	}
}

func TestOneSpellingOfAValueIsAccepted(t *testing.T) {
	// With a pool's name of this length the value ends in padding.
	a := newAffinity(t, func(o *Options) { o.Pool = strings.Repeat("p", 30) })
	name, value, _ := strings.Cut(issue(t, a, "b1", true), "=")
	id, sealed, _ := strings.Cut(value, ".")
	if !strings.HasSuffix(sealed, "=") {
		t.Fatal("the value has no padding")
	}
	spellings := map[string]string{
		"line end":       id + "." + sealed[:10] + "\n" + sealed[10:],
		"return at end":  id + "." + sealed + "\r",
		"no padding":     id + "." + strings.TrimRight(sealed, "="),
		"more padding":   id + "." + sealed + "=",
		"quoted":         `"` + value + `"`,
		"percent":        id + "." + fmt.Sprintf("%%%02x", sealed[0]) + sealed[1:],
		"text behind":    value + "A",
		"second dot":     value + ".x",
		"dot before":     "." + value,
		"no id":          sealed,
		"empty":          "",
		"only id":        id + ".",
		"id of 17 bytes": "aaaaaaaaaaaaaaaaa." + sealed,
	}
	for what, v := range spellings {
		if _, verdict := a.Read(cookies(name+"="+v), true); verdict == Valid {
			t.Errorf("%s: accepted", what)
		}
	}
}

func TestUnusedBitsOfTheLastCharacterCount(t *testing.T) {
	keys := must(firstKeys())(t)
	c := keys.signer().codec
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	tried := 0
	for n := range 3 {
		sealed := must(c.sc.Encode(macName, append(value{pool: "p", backend: "b"}.encode(), make([]byte, n)...)))(t)
		body := strings.TrimRight(sealed, "=")
		if body == sealed {
			continue
		}
		tried++
		last := strings.IndexByte(alphabet, body[len(body)-1])
		lax := body[:len(body)-1] + string(alphabet[last|1]) + sealed[len(body):]
		if lax == sealed {
			t.Fatal("the spelling is the same")
		}
		var plain []byte
		if err := c.sc.Decode(macName, lax, &plain); err != nil {
			t.Fatalf("the library refuses it, too: %v", err)
		}
		if _, verdict := c.open(lax); verdict != Malformed {
			t.Errorf("verdict %v, want %v", verdict, Malformed)
		}
	}
	if tried == 0 {
		t.Error("no value had padding")
	}
}

func TestTheValueTellsNothing(t *testing.T) {
	// Names so long that chance does not put them there.
	a := newAffinity(t, func(o *Options) { o.Pool = "application" })
	seen := map[string]bool{}
	for _, backend := range []string{"backend-1", "backend-1", "backend-2", "a-server-of-long-name"} {
		_, value, _ := strings.Cut(issue(t, a, backend, true), "=")
		if seen[value] {
			t.Error("the same value twice")
		}
		seen[value] = true
		_, sealed, _ := strings.Cut(value, ".")
		raw := must(base64.URLEncoding.DecodeString(sealed))(t)
		if strings.Contains(string(raw), backend) || strings.Contains(string(raw), "application") {
			t.Error("a name can be read in the value")
		}
	}
	short := issue(t, a, "b", true)
	if long := issue(t, a, "b-nine", true); len(long) != len(short) {
		t.Errorf("names of different length show: %d and %d bytes", len(short), len(long))
	}
}

func TestAForgedDateIsRefused(t *testing.T) {
	a := newAffinity(t, nil)
	name, value, _ := strings.Cut(issue(t, a, "b1", true), "=")
	id, sealed, _ := strings.Cut(value, ".")
	raw := string(must(base64.URLEncoding.DecodeString(sealed))(t))
	date, rest, _ := strings.Cut(raw, "|")
	forged := base64.URLEncoding.EncodeToString([]byte("9" + date[1:] + "|" + rest))
	wantVerdict(t, a, cookies(name+"="+id+"."+forged), true, Forged)
}

func TestNoLimitButOurs(t *testing.T) {
	c := newClock()
	c.t = time.Now().Add(-10 * 365 * 24 * time.Hour)
	a := newAffinity(t, func(o *Options) { o.Idle, o.Life, o.Now = 100*24*time.Hour, 1000*24*time.Hour, c.now })
	cookie := issue(t, a, "b1", false)
	c.advance(90 * 24 * time.Hour)
	wantVerdict(t, a, cookies(cookie), false, Valid)
	// securecookie has its own clock, so its own date is checked where it stands.
	v := reflect.ValueOf(a.keys.signer().codec.sc).Elem()
	for _, field := range []string{"maxAge", "minAge"} {
		if n := v.FieldByName(field).Int(); n != 0 {
			t.Errorf("the library's %s is %d, want 0", field, n)
		}
	}
}

func TestVersionsToComeAreQuiet(t *testing.T) {
	a := newAffinity(t, nil)
	key := a.keys.signer()
	plain := value{pool: "app", backend: "b1", born: time.Now().UnixMilli(), seen: time.Now().UnixMilli()}.encode()
	plain[0]++
	sealed := must(key.codec.sc.Encode(macName, plain))(t)
	wantVerdict(t, a, cookies("sterling-app="+key.id+"."+sealed), false, Malformed)
}

// A cookie outlives the process that wrote it: the next release must read it.
func TestTheFormatIsStable(t *testing.T) {
	const sealed = "MTc5NTM4Nzk3Nnw1c3dhZ2t5ZWFERjZTRUVSZGVsU01kU1JMMldRS09YQlcxQl9RVEhSSm11MFdselg2anVkTVgwVmdlanU4RExUfDiGmjZqRPAFivG57wJqVlxyRVjYaZ37oqLQ_Yj074ke"
	k := must(newKey("golden", []byte("a secret that is known to everyone")))(t)
	got, verdict := k.codec.open(sealed)
	want := value{"app", "b1", 1700000000123, 1700000060456, unnamed(1700000000123)} // it is older than visitors' ids
	if verdict != Valid || got != want {
		t.Errorf("got %v %+v, want %+v", verdict, got, want)
	}
}
