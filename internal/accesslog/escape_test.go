package accesslog

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONStringKeepsPlainTextAndEscapesTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"":                   `""`,
		"plain é 漢 😀":        `"plain é 漢 😀"`,
		"a\"b\\c":            `"a\"b\\c"`,
		"a\nb\rc\td":         `"a\nb\rc\td"`,
		"\x00\x1f\x7f":       `"\u0000\u001f\u007f"`,
		"\u0085\u009b":       `"\u0085\u009b"`,
		"\u2028\u2029":       `"\u2028\u2029"`,
		"\xff\xe2\x82x":      `"\ufffd\ufffd\ufffdx"`,
		"\ufffd":             "\"\ufffd\"",
		"<script>&'":         `"<script>&'"`,
		"\xed\xa0\x80":       `"\ufffd\ufffd\ufffd"`,
		"ends with\xc3":      `"ends with\ufffd"`,
		"\u00a0\u2027\u202a": "\"\u00a0\u2027\u202a\"",
	} {
		if got := `"` + string(appendJSONText(nil, in)) + `"`; got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestTextCannotEndItsField(t *testing.T) {
	for _, c := range []struct {
		in             string
		quoted, unquot string
	}{
		{"", "-", "-"},
		{"plain", "plain", "plain"},
		{"a b", "a b", `a\x20b`},
		{"x\" 200 \"\n", `x\" 200 \"\x0a`, `x\"\x20200\x20\"\x0a`},
		{`\`, `\\`, `\\`},
		{"é\x7f\x00", `\xc3\xa9\x7f\x00`, `\xc3\xa9\x7f\x00`},
	} {
		if got := string(appendText(nil, c.in, true)); got != c.quoted {
			t.Errorf("%q between quotes: got %s, want %s", c.in, got, c.quoted)
		}
		if got := string(appendText(nil, c.in, false)); got != c.unquot {
			t.Errorf("%q without quotes: got %s, want %s", c.in, got, c.unquot)
		}
	}
}

func FuzzJSONString(f *testing.F) {
	for _, s := range []string{"", "a\"\\\n", "\xff\xfe", "\u2028", "é漢😀", "\x00\x7f\u0080"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		line := append(appendJSONText([]byte{'"'}, s), '"')
		for _, r := range string(line) {
			if r < ' ' || r >= 0x7f && r <= 0x9f || r == '\u2028' || r == '\u2029' {
				t.Fatalf("%q: raw %U in %q", s, r, line)
			}
		}
		std, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var got, want string
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%q gave %q: %v", s, line, err)
		}
		if err := json.Unmarshal(std, &want); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Fatalf("%q came back as %q, want %q", s, got, want)
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add("GET / HTTP/1.1\" 200 1 \"\n10.0.0.1 - -", true)
	f.Add(`\\"`, false)
	f.Fuzz(func(t *testing.T, s string, quoted bool) {
		got := string(appendText(nil, s, quoted))
		bare := strings.NewReplacer(`\\`, "", `\"`, "").Replace(got)
		if strings.Contains(bare, `"`) || !quoted && strings.Contains(got, " ") {
			t.Fatalf("%q became %q", s, got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return r < ' ' || r >= 0x7f }); i >= 0 {
			t.Fatalf("%q: byte %d of %q", s, i, got)
		}
	})
}
