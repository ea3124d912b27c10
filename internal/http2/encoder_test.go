package http2

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2/hpack"
)

// What is encoded is what a decoder that is not ours reads, whatever the client
// does to the table's size.
func TestEncoderAgainstTheDecoder(t *testing.T) {
	var names []string
	for _, n := range knownNames {
		if n != nil {
			names = append(names, n.lower)
		}
	}
	for i := range 10 {
		names = append(names, fmt.Sprintf("x-odd-%d", i))
	}
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		e := encoder{most: encoderTable}
		var got []string
		d := hpack.NewDecoder(encoderTable, func(f hpack.HeaderField) { got = append(got, f.Name+"="+f.Value) })
		d.SetAllowedMaxDynamicTableSize(encoderTable)
		for range 300 {
			for range r.IntN(3) * r.IntN(2) {
				e.resize(uint32(r.IntN(6000))) //nolint:gosec // small
			}
			status := 100 + r.IntN(500)
			b := e.status(e.begin(nil), status)
			want := []string{":status=" + strconv.Itoa(status)}
			for range r.IntN(12) {
				name := names[r.IntN(len(names))]
				f := outField{name: name, value: strings.Repeat(strconv.Itoa(r.IntN(3)), r.IntN(3)*r.IntN(40))}
				if known := wireName(name); known != nil {
					f.static, f.fleeting = known.static, known.fleeting
				}
				if r.IntN(200) == 0 {
					f.value = strings.Repeat("long ", 1000)
				}
				b = e.append(b, &f)
				want = append(want, f.name+"="+f.value)
			}
			got = got[:0]
			if _, err := d.Write(b); err != nil {
				t.Fatal(err)
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("got %q, want %q", got, want)
			}
			size := 0
			for i := range e.entries {
				size += e.entries[i].size()
			}
			if size != e.size || size > e.most {
				t.Fatalf("%d bytes in the table, counted %d, limit %d", size, e.size, e.most)
			}
		}
	}
}

func TestEncoderRemembersWhatComesAgain(t *testing.T) {
	e := encoder{most: encoderTable}
	head := func(extra ...string) int {
		b := e.status(e.begin(nil), 200)
		for _, name := range []string{"server", "content-type", "x-frame-options"} {
			b = e.append(b, &outField{name: name, value: "what is always the same", static: wireName(name).static})
		}
		for i := 0; i < len(extra); i += 2 {
			b = e.append(b, &outField{name: extra[i], value: extra[i+1]})
		}
		return len(b)
	}
	if first, second := head(), head(); first < 50 || second != 4 {
		t.Errorf("the first head has %d bytes, the second %d", first, second)
	}
	for i := range 1000 { // values that never come again leave the table alone
		head("x-one", strconv.Itoa(i)+strings.Repeat("a", 100), "x-two", strconv.Itoa(i))
	}
	if n := head(); n != 4 || len(e.entries) != 5 {
		t.Errorf("later a head has %d bytes, the table %d entries", n, len(e.entries))
	}
	for range 3 { // one that begins to come again is learnt
		head("x-three", "a")
		head("x-three", "b")
	}
	if n := head("x-three", "b"); n != 5 {
		t.Errorf("with a field that was learnt, a head has %d bytes", n)
	}
}
