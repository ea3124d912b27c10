package router

import (
	"net/netip"
	"strings"
)

// HostError says why a Host header or an authority is refused. It never holds
// the value, which is the client's. The answer to it is status 400.
type HostError struct{ reason string }

func (e *HostError) Error() string { return "the host is malformed: " + e.reason }

var (
	errEmptyHost = &HostError{"it is empty"}
	errHostByte  = &HostError{"it holds a byte that no host name has"}
	errLabel     = &HostError{"a label is empty or longer than 63 bytes"}
	errLongHost  = &HostError{"it is longer than 253 bytes"}
	errPort      = &HostError{"the port is not a number from 1 to 65535"}
	errIPv4      = &HostError{"it ends in a number but is no IPv4 address"}
	errIPv6      = &HostError{"what stands in brackets is no IPv6 address"}
)

const (
	maxHost       = 253
	maxHostLabel  = 63
	maxPortDigits = 5
)

// Host returns the canonical form of host[:port] (RFC 9110, section 7.2, and
// RFC 3986, section 3.2.2) without the port: names in lower case, without one
// trailing dot; IPv4 addresses in dotted decimal; IPv6 addresses in brackets,
// in the form of RFC 5952.
//
// It is stricter than RFC 3986. A name consists of letters, digits, hyphens
// and underscores in labels of 1 to 63 bytes, 253 in all; one whose last label
// is a number must be an IPv4 address, as browsers have it. So userinfo,
// percent-encodings, spaces, control bytes, commas, slashes, backslashes, '#'
// and '?' are refused, as are an IPv6 zone, an empty port, port 0 and a port
// with leading zeros. International names come in their xn-- form.
//
// The error is a [*HostError]. A host that is canonical already, with or
// without a port, costs no allocation.
func Host(s string) (string, error) {
	end := plainName(s)
	if end == 0 {
		end = plainIPv4(s)
	}
	if end > 0 && (end == len(s) || validPort(s[end+1:])) {
		return s[:end], nil
	}
	return anyHostForm(s)
}

// anyHostForm is Host for those that are not in plain sight.
func anyHostForm(s string) (string, error) {
	if strings.HasPrefix(s, "[") {
		return ipv6Host(s)
	}
	name, port, hasPort := strings.Cut(s, ":")
	if hasPort && !validPort(port) {
		return "", errPort
	}
	name = strings.TrimSuffix(name, ".")
	upper, err := checkName(name)
	if err != nil {
		return "", err
	}
	if endsInNumber(name) {
		// netip is strict here: four decimal numbers without leading zeros.
		if _, err := netip.ParseAddr(name); err != nil {
			return "", errIPv4
		}
	}
	if upper {
		return strings.ToLower(name), nil
	}
	return name, nil
}

// plainName recognises the names that most requests have, at the start of s:
// canonical ones whose last label does not begin with a digit. It returns where
// the name ends, at the end of s or before a colon, or 0 for all that needs a
// closer look.
func plainName(s string) int {
	label, i := 0, 0
	for ; i < len(s) && s[i] != ':'; i++ {
		switch hostBytes[s[i]] {
		case hostDot:
			if i == label || i-label > maxHostLabel {
				return 0
			}
			label = i + 1
		case hostOther:
			return 0
		}
	}
	if i == label || i-label > maxHostLabel || i > maxHost || isDigit(s[label]) {
		return 0
	}
	return i
}

// plainIPv4 recognises an IPv4 address at the start of s, and returns what
// plainName does.
func plainIPv4(s string) int {
	i := 0
	for part := range 4 {
		if part > 0 {
			if i == len(s) || s[i] != '.' {
				return 0
			}
			i++
		}
		start, n := i, 0
		for ; i < len(s) && isDigit(s[i]) && i-start < 3; i++ {
			n = n*10 + int(s[i]-'0')
		}
		if i == start || n > 255 || s[start] == '0' && i-start > 1 {
			return 0
		}
	}
	if i < len(s) && s[i] != ':' {
		return 0
	}
	return i
}

const (
	hostOther = iota
	hostByte
	hostDot
)

// hostBytes says for every byte what it is in a canonical name.
var hostBytes = func() (t [256]uint8) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789-_") {
		t[c] = hostByte
	}
	t['.'] = hostDot
	return t
}()

// checkName checks every label of a name, and reports whether it holds upper
// case.
func checkName(name string) (upper bool, err error) {
	if name == "" {
		return false, errEmptyHost
	}
	if len(name) > maxHost {
		return false, errLongHost
	}
	label := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if label == 0 {
				return false, errLabel
			}
			label = 0
			continue
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', isDigit(c), c == '-', c == '_':
		default:
			return false, errHostByte
		}
		if label++; label > maxHostLabel {
			return false, errLabel
		}
	}
	if label == 0 {
		return false, errLabel
	}
	return upper, nil
}

// ipv6Host handles what begins with a bracket.
func ipv6Host(s string) (string, error) {
	end := strings.IndexByte(s, ']')
	if end < 0 {
		return "", errIPv6
	}
	if port, ok := strings.CutPrefix(s[end+1:], ":"); ok && !validPort(port) {
		return "", errPort
	} else if !ok && end+1 != len(s) {
		return "", errHostByte
	}
	addr, err := netip.ParseAddr(s[1:end])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", errIPv6
	}
	var room [48]byte
	canonical := append(addr.AppendTo(append(room[:0], '[')), ']')
	if string(canonical) == s[:end+1] {
		return s[:end+1], nil
	}
	return string(canonical), nil
}

// validPort wants a number from 1 to 65535 in its shortest form.
func validPort(s string) bool {
	if s == "" || len(s) > maxPortDigits || s[0] == '0' {
		return false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}

// endsInNumber reports whether the last label of a name is a number, decimal
// or hexadecimal: such a name is taken for an IPv4 address by browsers.
func endsInNumber(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if len(last) >= 2 && last[0] == '0' && last[1]|0x20 == 'x' {
		return strings.Trim(last[2:], "0123456789abcdefABCDEF") == ""
	}
	for i := 0; i < len(last); i++ {
		if !isDigit(last[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
