package session

import (
	"net/http"
	"strings"
	"testing"
)

func FuzzDecodeValue(f *testing.F) {
	f.Add(value{pool: "app", backend: "b1", born: 1, seen: 2}.encode())
	f.Add([]byte{})
	f.Add([]byte{valueVersion, 0, 0, 1, 'a', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := decodeValue(b)
		if err != nil {
			return
		}
		if again, err := decodeValue(v.encode()); err != nil || again != v {
			t.Fatalf("%+v came back as %+v, %v", v, again, err)
		}
	})
}

func TestAVisitorKeepsHisID(t *testing.T) {
	a := newAffinity(t, nil)
	read := func(h http.Header) Pin {
		t.Helper()
		value, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		pin, verdict := a.Read(http.Header{"Cookie": {value}}, false)
		if verdict != Valid || pin.Visitor == 0 {
			t.Fatalf("%v, %+v", verdict, pin)
		}
		return pin
	}
	write := func(p Pin) http.Header {
		h := http.Header{}
		if err := a.Write(h, p, false); err != nil {
			t.Fatal(err)
		}
		return h
	}
	first := read(write(Pin{Backend: "b1"}))
	other := read(write(Pin{Backend: "b1"}))
	again := read(write(first))
	moved := read(write(Pin{Backend: "b2", Visitor: again.Visitor}))
	if moved.Visitor != first.Visitor || moved.Backend != "b2" {
		t.Errorf("%+v became %+v", first, moved)
	}
	if other.Visitor == first.Visitor {
		t.Error("two visitors have one id")
	}
}
