package accesslog

import (
	"testing"
	"time"
)

// FuzzTimes holds both forms against the ones of package time.
func FuzzTimes(f *testing.F) {
	for _, t := range []time.Time{
		{}, time.Date(2026, 3, 9, 7, 5, 4, 98765432, time.UTC), time.Date(2024, 2, 29, 23, 59, 59, 999999999, time.UTC),
		time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 1, time.UTC),
	} {
		f.Add(t.Unix(), int64(t.Nanosecond()))
	}
	zone := time.FixedZone("", 3*3600+1800)
	f.Fuzz(func(t *testing.T, seconds, nanos int64) {
		at := time.Unix(seconds, nanos).In(zone)
		if got, want := string(appendJSONTime(nil, at)), at.UTC().Format(jsonTime); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got, want := string(appendNCSATime(nil, at)), at.UTC().Format(ncsaTime); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
