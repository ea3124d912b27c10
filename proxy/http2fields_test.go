package proxy

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// literalField is a field without the table, with its strings in one code.
func literalField(first byte, name, value string, code int) []byte {
	b := []byte{first}
	for _, s := range []string{name, value} {
		bit := byte(0)
		if code == huffman {
			s, bit = huffmanForm(s), 0x80
		}
		b = append(b, bit|byte(len(s)))
		b = append(b, s...)
	}
	return b
}

func TestForbiddenFieldsAreFound(t *testing.T) {
	for _, tc := range []struct {
		name, value string
		want        bool
	}{
		{"connection", "close", true},
		{"connection", "", true},
		{"keep-alive", "timeout=5", true},
		{"proxy-connection", "keep-alive", true},
		{"transfer-encoding", "chunked", true},
		{"upgrade", "websocket", true},
		{"te", "gzip", true},
		{"te", "trailers, deflate", true},
		{"te", "trailers", false},
		{"te", "", false},
		{"connections", "close", false},
		{"x", "connection", false},
		{"", "upgrade", false},
		{"trailer", "te", false},
	} {
		for code := range 2 {
			for _, first := range []byte{0x00, 0x10, 0x40} {
				for cut := range 6 {
					b := literalField(first, tc.name, tc.value, code)
					var w fieldWatch
					w.write(b[:min(cut, len(b))])
					w.write(b[min(cut, len(b)):])
					if got := w.end(); got != tc.want || w.lost {
						t.Errorf("%x (%s: %s): found %v, lost %v, want %v", b, tc.name, tc.value, got, w.lost, tc.want)
					}
				}
			}
		}
	}
}

func TestForbiddenFieldsAreFoundByTheirIndex(t *testing.T) {
	added := literalField(0x40, "te", "trailers", huffman)
	other := literalField(0x40, "x", "y", plain)
	upgrade := literalField(0x40, "upgrade", "h2c", plain)
	for name, tc := range map[string]struct {
		blocks [][]byte
		want   bool // of the last block
	}{
		"a name of the static table":     {[][]byte{{0x00 | 15, 57 - 15, 1, 'x'}}, true},
		"a field of the static table":    {[][]byte{{0x80 | 57}}, true},
		"its neighbours":                 {[][]byte{{0x80 | 56, 0x80 | 58, 0x80 | 61}}, false},
		"a field of the table":           {[][]byte{upgrade, {0x80 | 62}}, true},
		"a field after it":               {[][]byte{append(bytes.Clone(upgrade), other...), {0x80 | 62}}, false},
		"a field before others":          {[][]byte{append(bytes.Clone(upgrade), other...), other, {0x80 | 64}}, true},
		"a name of the table":            {[][]byte{upgrade, {0x40 | 62, 1, 'x'}}, true},
		"and what was added with it":     {[][]byte{upgrade, {0x40 | 62, 1, 'x'}, other, {0x80 | 63}}, true},
		"te that may be":                 {[][]byte{added, {0x80 | 62}}, false},
		"te by name, with another value": {[][]byte{added, {0x00 | 15, 62 - 15, 1, 'x'}}, true},
		"te added with another value":    {[][]byte{added, {0x40 | 62, 1, 'x'}, {0x80 | 62}}, true},
		"te, put right again":            {[][]byte{added, {0x40 | 62, 1, 'x'}, {0x40 | 62, 8, 't', 'r', 'a', 'i', 'l', 'e', 'r', 's'}, {0x80 | 62}}, false},
		"after a table size at length":   {[][]byte{{0x3f, 0xe1, 0x9f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, upgrade}, true},
		"after a table size":             {[][]byte{{0x20}, {0x3f, 0xe1, 0x1f}, added, {0x0f, 62 - 15, 1, 'x'}}, true},
	} {
		var w fieldWatch
		got := false
		for _, b := range tc.blocks {
			w.write(b)
			got = w.end()
		}
		if got != tc.want || w.lost {
			t.Errorf("%s: found %v, lost %v, want %v", name, got, w.lost, tc.want)
		}
	}
}

func TestAFullTableIsFollowed(t *testing.T) {
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	var w fieldWatch
	for i := range 1000 {
		block.Reset()
		bad := i%7 == 0
		fields := []hpack.HeaderField{{Name: ":path", Value: fmt.Sprint(i)}, {Name: "te", Value: "trailers"}, {Name: "x", Value: strings.Repeat("x", i*13%500)}}
		if bad {
			fields = append(fields, hpack.HeaderField{Name: "upgrade", Value: fmt.Sprint(i / 21)})
		}
		for _, f := range fields {
			_ = e.WriteField(f) // to a buffer
		}
		w.write(block.Bytes())
		if got := w.end(); got != bad || w.lost {
			t.Fatalf("block %d: found %v, lost %v, want %v", i, got, w.lost, bad)
		}
	}
}

func TestUnreadableBlocksAreLeftToTheServer(t *testing.T) {
	upgrade := string(literalField(0, "upgrade", "", plain))
	for name, block := range map[string]string{
		"index 0":                  upgrade + "\x80",
		"an index of nothing":      upgrade + "\xbe",
		"a name of nothing":        upgrade + "\x7e\x01x",
		"a number without end":     upgrade + "\xff" + strings.Repeat("\x80", 20),
		"a number that is cut off": upgrade + "\xff\x80",
		"a name that is cut off":   upgrade + "\x00\x05abc",
		"a value that is cut off":  upgrade + "\x00\x01a\x05abc",
		"no value":                 upgrade + "\x00\x01a",
	} {
		var w fieldWatch
		w.write([]byte(block))
		if w.end() || !w.lost {
			t.Errorf("%s: not lost", name)
		}
	}
}

func TestAFieldThatNeverEndsIsNotKept(t *testing.T) {
	var w fieldWatch
	w.write([]byte{0, 0x7f, 0xff, 0xff, 0xff, 0x0f})
	for range 2 * maxRest / 100 {
		w.write(make([]byte, 100))
		if len(w.rest) > maxRest {
			t.Fatalf("keeps %d bytes", len(w.rest))
		}
	}
	if !w.lost || w.rest != nil {
		t.Errorf("lost is %v and %d bytes are kept", w.lost, len(w.rest))
	}
}
