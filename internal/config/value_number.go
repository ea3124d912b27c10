package config

import (
	"crypto/tls"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// maxDuration keeps sums of durations far from the end of their range.
const maxDuration = 10 * 365 * 24 * time.Hour

// durations is a time with its unit, positive unless zero says something.
func durations(zero bool) kind[time.Duration] {
	return kind[time.Duration]{name: "duration", example: `"30s"`, parse: func(s string) (time.Duration, *fault) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			return 0, faultf(durationHint(s), "%q is not a duration", s)
		case d < 0:
			return 0, faultf("", "%q is negative", s)
		case d == 0 && !zero:
			return 0, faultf("", "must be more than zero")
		case d > maxDuration:
			return 0, faultf("", "%q is more than ten years", s)
		}
		return d, nil
	}}
}

// longUnits are those that people write and Go does not read, in hours.
var longUnits = map[string]uint64{"d": 24, "day": 24, "days": 24, "w": 7 * 24, "week": 7 * 24, "weeks": 7 * 24, "y": 365 * 24, "year": 365 * 24, "years": 365 * 24}

func durationHint(s string) string {
	digits := s[:len(s)-len(strings.TrimLeft(s, "0123456789"))]
	n, err := strconv.ParseUint(digits, 10, 16)
	switch unit := strings.TrimSpace(s[len(digits):]); {
	case err != nil:
	case unit == "":
		return fmt.Sprintf("write it with its unit, like %q", s+"s")
	case longUnits[unit] > 0:
		return fmt.Sprintf("hours are the longest unit: write %q", fmt.Sprint(n*longUnits[unit], "h"))
	}
	return `write it with its unit, like "30s", "500ms" or "1h30m"`
}

// units of sizes. A bare "K" or "M" is refused: half the world takes it for
// 1000, the other half for 1024.
var units = map[string]int64{
	"": 1, "B": 1,
	"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
	"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
}

// sizes is a number of bytes with or without a unit.
func sizes(in span) kind[int64] {
	return kind[int64]{name: "size", example: `"64KiB"`, numbers: true, parse: func(s string) (int64, *fault) {
		n, f := parseSize(s)
		if f == nil && (n < in.from || n > in.to) {
			return 0, faultf("", "%q is out of range: from %s to %s", s, formatSize(in.from), formatSize(in.to))
		}
		return n, f
	}}
}

func parseSize(s string) (int64, *fault) {
	digits := strings.TrimRight(s, "BKMGTikmgtb ")
	unit := strings.TrimSpace(s[len(digits):])
	if strings.HasPrefix(digits, "-") {
		return 0, faultf("", "%q is negative", s)
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	factor, known := units[unit]
	switch {
	case err != nil:
		return 0, faultf(`write whole bytes or a unit, like 65536, "64KiB" or "10MB"`, "%q is not a size", s)
	case !known:
		return 0, faultf("use KiB, MiB or GiB (1024), or kB, MB or GB (1000)", "%q has no known unit", s)
	case int64(n) > math.MaxInt64/factor:
		return 0, faultf("", "%q is too large", s)
	}
	return int64(n) * factor, nil
}

func formatSize(n int64) string {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if f := units[unit]; n >= f && n%f == 0 {
			return strconv.FormatInt(n/f, 10) + unit
		}
	}
	return strconv.FormatInt(n, 10)
}

// statuses is a range of HTTP status codes.
type statuses struct{ min, max int }

var statusRange = kind[statuses]{name: "status range", example: `"200-399"`, numbers: true, parse: func(s string) (statuses, *fault) {
	from, to, isRange := strings.Cut(s, "-")
	if !isRange {
		to = from
	}
	low, errLow := strconv.Atoi(from)
	high, errHigh := strconv.Atoi(to)
	switch {
	case errLow != nil || errHigh != nil:
		return statuses{}, faultf(`write one code or two with a hyphen, like "204" or "200-399"`, "%q is not a range of status codes", s)
	case low < 200 || high > 599:
		return statuses{}, faultf("an answer has a code from 200 to 599", "%q is out of range", s)
	case low > high:
		return statuses{}, faultf("write the lower code first", "%q holds no code", s)
	}
	return statuses{low, high}, nil
}}

var tlsVersions = kind[uint16]{name: "one of 1.2, 1.3", example: `"1.2"`, parse: func(s string) (uint16, *fault) {
	switch s {
	case "1.2":
		return tls.VersionTLS12, nil
	case "1.3":
		return tls.VersionTLS13, nil
	case "1.0", "1.1":
		return 0, faultf(`use "1.2", which every browser since 2013 speaks`, "TLS %s is broken and not offered", s)
	}
	return 0, faultf(`use "1.2" or "1.3"`, "%q is not a version of TLS", s)
}}

// short writes a duration as people do: "30m", not "30m0s".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
