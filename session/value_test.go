package session

import "testing"

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
