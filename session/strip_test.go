package session

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestStrip(t *testing.T) {
	a := newAffinity(t, nil)
	tests := []struct{ before, after []string }{
		{[]string{"sterling-app=x"}, nil},
		{[]string{"__Host-sterling-app=x"}, nil},
		{[]string{"sterling-app=x; __Host-sterling-app=y; sterling-app="}, nil},
		{[]string{"sterling-app=x; ; "}, nil},
		{[]string{"a=1; sterling-app=x; b=2"}, []string{"a=1; b=2"}},
		{[]string{"sterling-app=x; a=1"}, []string{"a=1"}},
		{[]string{"sterling-app=x;a=1;  b=2"}, []string{"a=1;  b=2"}},
		{[]string{"a=1; sterling-app=x"}, []string{"a=1"}},
		{[]string{" a = 1 ;  sterling-app = x ;\tb=\"2 3\" ;c;;=d;"}, []string{" a = 1 ;\tb=\"2 3\" ;c;;=d;"}},
		{[]string{"a=1; sterling-app=x; b=2; __Host-sterling-app=y; c"}, []string{"a=1; b=2; c"}},
		{[]string{"a=1", "sterling-app=x", "b=2"}, []string{"a=1", "b=2"}},
		{[]string{"", "sterling-app=x", " ; "}, []string{"", " ; "}},
		{[]string{"\xff=\x00; sterling-app=x; \x80"}, []string{"\xff=\x00; \x80"}},
		{[]string{"sterling-app=\"a; b=1\""}, []string{"b=1\""}},
		// None of ours.
		{[]string{" ;; a=1;"}, []string{" ;; a=1;"}},
		{[]string{"sterling-apple=1; Sterling-App=2; a=sterling-app; sterling-app"}, []string{"sterling-apple=1; Sterling-App=2; a=sterling-app; sterling-app"}},
		{[]string{"a=sterling-app=x; xsterling-app=1; __host-sterling-app=2"}, []string{"a=sterling-app=x; xsterling-app=1; __host-sterling-app=2"}},
	}
	for _, tt := range tests {
		h := http.Header{"Cookie": tt.before, "Accept": {"*/*"}}
		before := slices.Clone(tt.before)
		a.Strip(h)
		got, there := h["Cookie"]
		if !slices.Equal(got, tt.after) || there != (tt.after != nil) {
			t.Errorf("%q became %q, want %q", before, got, tt.after)
		}
		if !slices.Equal(tt.before, before) {
			t.Errorf("%q was changed in place to %q", before, tt.before)
		}
	}
}

func TestStripOfNothingAllocatesNothing(t *testing.T) {
	a := newAffinity(t, nil)
	for _, h := range []http.Header{{}, cookies("a=1; b=2", "c=3"), cookies("sterling-apple=1; x=sterling-app")} {
		if n := testing.AllocsPerRun(100, func() { a.Strip(h) }); n != 0 {
			t.Errorf("%q: %v allocations", h, n)
		}
	}
}

func TestStripWithRoomAllocatesForACookieBetweenOthersAlone(t *testing.T) {
	a := newAffinity(t, nil)
	h, lines, room := http.Header{}, make([]string, 1), make([]string, 1)
	for line, want := range map[string]float64{
		"sterling-app=x": 0, "sterling-app=x; a=1; b=2": 0, "a=1; b=2; sterling-app=x": 0, "a=1; sterling-app=x; b=2": 1,
	} {
		lines[0] = line
		n := testing.AllocsPerRun(100, func() {
			h["Cookie"] = lines
			a.strip.StripWith(h, room)
		})
		if n != want {
			t.Errorf("%q: %v allocations, want %v", line, n, want)
		}
	}
}

func TestStripUsesRoomAndNoMore(t *testing.T) {
	a := newAffinity(t, nil)
	room := []string{"", "beyond"}
	h := cookies("a=1; sterling-app=x")
	a.strip.StripWith(h, room[:0:1])
	if room[0] != "a=1" || &h["Cookie"][0] != &room[0] {
		t.Errorf("the room holds %q, the header %q", room, h)
	}
	h = cookies("a=1", "sterling-app=x", "b=2", "c=3")
	a.strip.StripWith(h, room[:0:1])
	h.Add("Cookie", "d=4")
	if !slices.Equal(h["Cookie"], []string{"a=1", "b=2", "c=3", "d=4"}) || room[1] != "beyond" {
		t.Errorf("the room holds %q, the header %q", room, h)
	}
}

// What is left after Strip is what was there, without ours, in order and byte
// for byte; only the blanks before a line's first cookie may go.
func FuzzStrip(f *testing.F) {
	a := newAffinity(f, nil)
	for _, seed := range []string{
		"", ";", "a=1; sterling-app=x; b=2", "sterling-app=x; a", " sterling-app =;;b", "__Host-sterling-app=1;sterling-app", "a=\"sterling-app=1\"", "\t;sterling-app=x;\t",
	} {
		f.Add(seed, "a=1")
		f.Add("sterling-app=2", seed)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		h := cookies(one, two)
		a.Strip(h)
		var want []string
		for _, line := range []string{one, two} {
			all := strings.Split(line, ";")
			kept := slices.DeleteFunc(slices.Clone(all), func(s string) bool {
				name, _, ok := strings.Cut(s, "=")
				name = strings.Trim(name, " \t")
				return ok && (name == "sterling-app" || name == "__Host-sterling-app")
			})
			if len(kept) == len(all) {
				want = append(want, line)
				continue
			}
			left := strings.Join(kept, ";")
			if strings.Trim(left, "; \t") == "" {
				continue
			}
			if kept[0] != all[0] {
				left = strings.TrimLeft(left, " \t")
			}
			want = append(want, left)
		}
		if got := h["Cookie"]; !slices.Equal(got, want) {
			t.Fatalf("%q and %q became %q, want %q", one, two, got, want)
		}
	})
}

func BenchmarkStrip(b *testing.B) {
	a := newAffinity(b, nil)
	ours := issue(b, a, "b1", true)
	for name, line := range map[string]string{
		"alone": ours, "last": "theme=dark; lang=en; " + ours, "between": "theme=dark; " + ours + "; lang=en", "none": "theme=dark; lang=en",
	} {
		b.Run(name, func(b *testing.B) {
			lines, room := []string{line}, make([]string, 1)
			h := http.Header{"Accept": {"*/*"}}
			b.ReportAllocs()
			for b.Loop() {
				h["Cookie"] = lines
				a.strip.StripWith(h, room)
			}
		})
	}
}
