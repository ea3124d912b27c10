package http2

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"
)

func TestKnownNamesAreFoundInBothForms(t *testing.T) {
	known, steps := 0, 0
	for i, n := range knownNames {
		if n == nil {
			continue
		}
		known++
		steps += (i - int(nameSlot(n.lower)%nameSlots) + nameSlots) % nameSlots //nolint:gosec // small
		if n.canonical != http.CanonicalHeaderKey(n.lower) || n.lower != strings.ToLower(n.canonical) || !validName(n.lower) {
			t.Errorf("%+v", n)
		}
		if wireName(n.lower) != n || headerName(n.canonical) != n {
			t.Errorf("%s is not found", n.lower)
		}
		if n.lower != n.canonical && (wireName(n.canonical) != nil || headerName(n.lower) != nil) {
			t.Errorf("%s is found in the wrong form", n.lower)
		}
		checkStatic(t, n)
	}
	if known < 100 || steps > known {
		t.Errorf("%d names, %d steps to find them", known, steps)
	}
	for _, s := range []string{"", "x-unknown", ":path", "\xff", "hosT"} {
		if wireName(s) != nil || headerName(s) != nil {
			t.Errorf("%q is known", s)
		}
	}
}

// checkStatic compares with the table that a decoder has.
func checkStatic(t *testing.T, n *fieldName) {
	t.Helper()
	if n.static == 0 {
		return
	}
	fields, err := hpack.NewDecoder(0, nil).DecodeFull([]byte{0x80 | n.static})
	if err != nil || fields[0].Name != n.lower {
		t.Errorf("%s: static entry %d is %v, %v", n.lower, n.static, fields, err)
	}
}

func TestStaticStatuses(t *testing.T) {
	var e encoder
	for status := range 600 {
		fields, err := hpack.NewDecoder(0, nil).DecodeFull(e.status(nil, status+100))
		if err != nil || fields[0].Name != ":status" || fields[0].Value != string(rune('1'+status/100))+string(rune('0'+status/10%10))+string(rune('0'+status%10)) {
			t.Errorf("%d: %v, %v", status+100, fields, err)
		}
	}
}

func TestValuesAgainstTheirDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	alphabet := "abc \t\n\x00\x1f\x20\x7e\x7f\x80\xff"
	for range 100000 {
		b := make([]byte, r.IntN(20))
		for i := range b {
			b[i] = 'a'
			if r.IntN(10) == 0 {
				b[i] = alphabet[r.IntN(len(alphabet))]
			}
		}
		s := string(b)
		if want := httpguts.ValidHeaderFieldValue(s); printable(s) != want {
			t.Fatalf("%q: %v, want %v", s, printable(s), want)
		}
		if want := httpguts.ValidHeaderFieldValue(s) && strings.Trim(s, " \t") == s; validValue(s) != want {
			t.Fatalf("%q: %v, want %v", s, validValue(s), want)
		}
	}
	for c := range 256 {
		if s := string([]byte{byte(c)}); all(s, tokenAny) != httpguts.IsTokenRune(rune(c)) || c < 128 && validName(s) != (httpguts.IsTokenRune(rune(c)) && s == strings.ToLower(s)) {
			t.Errorf("%q", s)
		}
	}
}
