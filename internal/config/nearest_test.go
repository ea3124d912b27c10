package config

import "testing"

func TestNearestWord(t *testing.T) {
	known := []string{"name", "address", "protocol", "idle", "life", "certificate", "max_uri"}
	for word, want := range map[string]string{
		"nmae": "name", "adress": "address", "Protocol": "protocol", "idel": "idle", "certificates": "certificate",
		"cert": "certificate", "max-uri": "max_uri", "zzz": "", "": "", "i": "", "url": "", "lfie": "life",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestDistanceCountsASwapAsOne(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"idle", "idel", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
