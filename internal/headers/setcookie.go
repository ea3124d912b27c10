package headers

import (
	"net/textproto"
	"strings"
)

// SetCookie returns the value of a Set-Cookie header for the client. A Domain
// attribute that names the host of a backend of the pool is left out, which
// makes the cookie one of the front door's host; all else stays as it is, byte
// for byte. A Domain that covers the front door as well needs no rewriting,
// and stays, too. So does Path: paths are the same before and behind the door.
func (r *Rewriter) SetCookie(value string, front Front) string {
	at := strings.IndexByte(value, ';')
	for at >= 0 && at < len(value) {
		end := len(value)
		if i := strings.IndexByte(value[at+1:], ';'); i >= 0 {
			end = at + 1 + i
		}
		if r.namesBackend(value[at+1:end], front) {
			value = value[:at] + value[end:]
		} else {
			at = end
		}
	}
	return value
}

// namesBackend reports whether a cookie attribute is a Domain that is a
// backend's and not the front door's (RFC 6265, sections 5.2.3 and 5.1.3).
func (r *Rewriter) namesBackend(attribute string, front Front) bool {
	attribute = textproto.TrimString(attribute)
	if attribute == "" || attribute[0]|0x20 != 'd' {
		return false
	}
	name, domain, ok := strings.Cut(attribute, "=")
	if !ok || !strings.EqualFold(textproto.TrimString(name), "domain") {
		return false
	}
	domain = strings.ToLower(textproto.TrimString(domain))
	domain = strings.TrimSuffix(strings.TrimPrefix(domain, "."), ".")
	if !r.hosts[strings.TrimSuffix(strings.TrimPrefix(domain, "["), "]")] {
		return false
	}
	door := strings.TrimSuffix(strings.ToLower(hostOf(front.Host)), ".")
	return door != domain && !strings.HasSuffix(door, "."+domain)
}
