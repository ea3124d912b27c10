package acme

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestOnlyTheArrivalOfTheStoredCertificateCounts(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t)
		s := Folder(dir)
		p := startAt(t, a, s, "www.example.org")
		time.Sleep(10 * time.Second)
		p.Close()
		cert, err := readCertificate(t.Context(), s, "www.example.org")
		if err != nil {
			t.Fatal(err)
		}
		if came := readArrival(t.Context(), s, "www.example.org", cert); came.IsZero() || time.Since(came) > 10*time.Second {
			t.Errorf("it came at %v, and now it is %v", came, time.Now())
		}
		mine := fingerprint(cert.Certificate[0])
		for name, tc := range map[string]struct {
			arrival
			known bool
		}{
			"as it was":            {arrival{mine, time.Now().Add(-day)}, true},
			"by a neighbour":       {arrival{mine, time.Now().Add(time.Minute)}, true},
			"by a clock of 2099":   {arrival{mine, time.Now().Add(73 * 365 * day)}, false},
			"of another":           {arrival{fingerprint([]byte("x")), time.Now()}, false},
			"of none (an old one)": {arrival{}, false},
		} {
			if err := tc.store(t.Context(), s, "www.example.org"); err != nil {
				t.Fatal(err)
			}
			if came := readArrival(t.Context(), s, "www.example.org", cert); came.IsZero() == tc.known {
				t.Errorf("%s: it came at %v", name, came)
			}
		}
		if err := s.Put(t.Context(), arrivalKey+"www.example.org.json", []byte("{")); err != nil {
			t.Fatal(err)
		}
		if came := readArrival(t.Context(), s, "www.example.org", cert); !came.IsZero() {
			t.Errorf("damaged: it came at %v", came)
		}
	})
}
