package router

import (
	"strconv"
	"strings"
)

// HTTPSLocation builds the URL that a redirect to https carries. host must be
// a result of [Host] that a route takes; port 0 and 443 are left out. Whatever
// the target, the URL leads to that host: what follows the host begins with
// exactly one slash.
func HTTPSLocation(host string, port int, t Target) string {
	var b strings.Builder
	b.Grow(len("https://:65535/?") + len(host) + len(t.RawPath) + len(t.RawQuery))
	b.WriteString("https://")
	b.WriteString(host)
	if port != 0 && port != 443 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(port))
	}
	b.WriteByte('/')
	if !t.Asterisk {
		b.WriteString(strings.TrimLeft(t.RawPath, `/\`))
	}
	if t.RawQuery != "" || t.ForceQuery {
		b.WriteByte('?')
		b.WriteString(t.RawQuery)
	}
	return b.String()
}
