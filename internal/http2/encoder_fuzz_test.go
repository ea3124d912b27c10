package http2

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// What is encoded is what a decoder that is not ours reads, field for field, and the
// table never is larger than the client has room for.
func FuzzEncoder(f *testing.F) {
	f.Add("x-a\x001\x01x-a\x002\x01x-a\x002", uint32(4096), uint32(64))
	f.Add("server\x00s\x01date\x00d\x01set-cookie\x00"+strings.Repeat("c", 3000), uint32(100), uint32(0))
	f.Add("\x00\x01\x00", uint32(0), uint32(1<<31))
	f.Add("etag\x00\xff\xfe\x01x-\xc3\xa9\x00\xc3\xa9", uint32(33), uint32(32))
	f.Fuzz(func(t *testing.T, text string, first, second uint32) {
		var want [][2]string
		for field := range strings.SplitSeq(text, "\x01") {
			name, value, _ := strings.Cut(field, "\x00")
			want = append(want, [2]string{name, value})
		}
		e := encoder{most: encoderTable}
		var got [][2]string
		d := hpack.NewDecoder(encoderTable, func(f hpack.HeaderField) { got = append(got, [2]string{f.Name, f.Value}) })
		for _, granted := range []uint32{encoderTable, first, second} {
			e.resize(granted)
			d.SetAllowedMaxDynamicTableSize(min(granted, encoderTable))
			b := e.status(e.begin(nil), 299)
			for _, field := range want {
				f := outField{name: field[0], value: field[1]}
				if known := wireName(f.name); known != nil {
					f.static, f.fleeting = known.static, known.fleeting
				}
				b = e.append(b, &f)
			}
			got = got[:0]
			if _, err := d.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if len(got) == 0 || got[0] != [2]string{":status", "299"} || !slices.Equal(got[1:], want) {
				t.Fatalf("%q was read as %q", want, got)
			}
			size := 0
			for i := range e.entries {
				size += e.entries[i].size()
			}
			if size != e.size || size > int(min(granted, encoderTable)) {
				t.Fatalf("%d bytes in the table, counted %d, and %d are granted", size, e.size, granted)
			}
		}
	})
}
