package http1

import (
	"bufio"
	"net/http"
	"net/textproto"
	"reflect"
	"strings"
	"testing"
)

func TestNamesOfAnswersAreCanonical(t *testing.T) {
	for _, name := range answerNames {
		if name == "" {
			continue
		}
		if want := textproto.CanonicalMIMEHeaderKey(name); want != name {
			t.Errorf("%q stands for %q", name, want)
		}
		if got, ok := answerName([]byte(strings.ToUpper(name))); got != name || !ok {
			t.Errorf("%q was not found: %q", name, got)
		}
	}
	for b, want := range map[string]string{"x-own": "X-Own", "E-tag": "E-Tag", "a b": "", "": "", "x:": ""} {
		if got, ok := answerName([]byte(b)); got != want || ok != (want != "") {
			t.Errorf("%q became %q, %v", b, got, ok)
		}
	}
}

// Fields mean the same whether all of them are in the buffer or not.
func FuzzFieldsAtOnceAndLineByLine(f *testing.F) {
	for _, s := range []string{
		"\r\n", "A: b\r\n\r\n", "A: b\r\na: c\r\nSet-Cookie: x\r\nset-cookie: y\r\n\r\nbody", "A : b\r\n\r\n", "A:b\n\r\n\r\n",
		"A: b\r\n c\r\n\r\n", ": b\r\n\r\n", "A: \t b \t\r\nETAG:\r\n\r\n", "A: b\rc\r\n\r\n", "A: \x00\r\n\r\n", "A\r\n\r\n",
		strings.Repeat("A: b\r\n", 300) + "\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 4000 {
			return
		}
		read := func(ahead bool) (http.Header, string, bool) {
			r := lineReader{br: bufio.NewReader(strings.NewReader(s)), left: maxHead}
			if ahead {
				_, _ = r.br.Peek(len(s))
			}
			h, err := r.fields()
			rest, _ := r.br.Peek(len(s))
			return h, string(rest), err == nil
		}
		h, rest, ok := read(true)
		h2, rest2, ok2 := read(false)
		if ok != ok2 {
			t.Fatalf("%q: at once %v, line by line %v", s, ok, ok2)
		}
		if ok && (!reflect.DeepEqual(h, h2) || rest != rest2) {
			t.Errorf("%q: at once %q and %q, line by line %q and %q", s, h, rest, h2, rest2)
		}
	})
}
