package http2

import (
	"net/http"
	"net/textproto"
	"strings"
)

// What a header field is to the server itself.
const (
	fieldPlain      = iota
	fieldConnection // speaks of the connection: malformed in HTTP/2 (RFC 9113, section 8.2.2)
	fieldTE
	fieldHost
	fieldLength
	fieldCookie
	fieldExpect
	fieldTrailer
	fieldDate
	fieldUserAgent
)

// fieldName is a name that is often seen, in the two forms that it has.
type fieldName struct {
	lower     string // as on the wire
	canonical string // as in http.Header
	class     uint8
	static    uint8 // index in HPACK's static table; 0: it is not there
	fleeting  bool  // its values differ, or are nobody else's business
}

// knownNames is a table of names, never changed once it is made. A name stands
// in the slot that nameSlot gives, or one of those behind it.
var knownNames = makeNames()

const nameSlots = 1024

// wireName returns the name whose form on the wire is s, or nil.
func wireName(s string) *fieldName {
	for i := nameSlot(s); ; i++ {
		if n := knownNames[i%nameSlots]; n == nil || n.lower == s {
			return n
		}
	}
}

// headerName returns the name whose form in http.Header is s, or nil.
func headerName(s string) *fieldName {
	for i := nameSlot(s); ; i++ {
		if n := knownNames[i%nameSlots]; n == nil || n.canonical == s {
			return n
		}
	}
}

// nameSlot does not depend on the case of letters.
func nameSlot(s string) uint {
	n := len(s)
	if n == 0 {
		return 0
	}
	return uint(n)*17 + uint(s[0]|0x20)*5 + uint(s[n-1]|0x20)*29 + uint(s[n/2]|0x20)*83 + uint(s[n/3]|0x20)*131
}

func makeNames() *[nameSlots]*fieldName {
	var table [nameSlots]*fieldName
	names := map[string]*fieldName{}
	for lower := range strings.FieldsSeq(commonNames + specialNames) {
		n := &fieldName{lower: lower, canonical: http.CanonicalHeaderKey(lower)}
		names[lower] = n
		i := nameSlot(lower)
		for table[i%nameSlots] != nil {
			i++
		}
		table[i%nameSlots] = n
	}
	for lower, class := range map[string]uint8{
		"connection": fieldConnection, "keep-alive": fieldConnection, "proxy-connection": fieldConnection,
		"transfer-encoding": fieldConnection, "upgrade": fieldConnection, "te": fieldTE, "host": fieldHost,
		"content-length": fieldLength, "cookie": fieldCookie, "expect": fieldExpect, "trailer": fieldTrailer,
		"date": fieldDate, "user-agent": fieldUserAgent,
	} {
		names[lower].class = class
	}
	for i, lower := range strings.Fields(staticNames) {
		names[lower].static = uint8(i + firstStatic) //nolint:gosec // at most 61
	}
	for lower := range strings.FieldsSeq(fleetingNames) {
		names[lower].fleeting = true
	}
	return &table
}

// specialNames are those that the server itself has to do with.
const specialNames = `
connection keep-alive proxy-connection transfer-encoding upgrade te host content-length cookie expect
trailer date user-agent`

const commonNames = `
accept accept-charset accept-encoding accept-language accept-ranges access-control-allow-credentials
access-control-allow-headers access-control-allow-methods access-control-allow-origin
access-control-expose-headers access-control-max-age access-control-request-headers
access-control-request-method age allow alt-svc authorization cache-control cdn-loop cf-connecting-ip
cf-ipcountry cf-ray cf-visitor content-disposition content-encoding content-language content-location
content-range content-security-policy content-security-policy-report-only content-type
cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy depth destination
device-memory dnt downlink dpr early-data etag expires forwarded from grpc-accept-encoding
grpc-encoding grpc-message grpc-status grpc-timeout idempotency-key if if-match if-modified-since
if-none-match if-range if-unmodified-since last-event-id last-modified link location max-forwards nel
origin permissions-policy pragma prefer priority proxy-authenticate proxy-authorization purpose range
referer referrer-policy refresh report-to retry-after rtt save-data sec-ch-ua sec-ch-ua-arch
sec-ch-ua-bitness sec-ch-ua-full-version-list sec-ch-ua-mobile sec-ch-ua-model sec-ch-ua-platform
sec-ch-ua-platform-version sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc
sec-purpose server server-timing set-cookie soapaction strict-transport-security
timing-allow-origin traceparent tracestate true-client-ip upgrade-insecure-requests vary via
www-authenticate x-api-key x-auth-token x-b3-sampled x-b3-spanid x-b3-traceid x-cache
x-content-type-options x-correlation-id x-csrf-token x-csrftoken x-dns-prefetch-control
x-forwarded x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-forwarded-server
x-frame-options x-http-method-override x-powered-by x-real-ip x-request-id x-requested-with
x-robots-tag x-runtime x-ua-compatible x-xsrf-token x-xss-protection
`

// staticNames are those of the static table that stand there without a value,
// from its index firstStatic on (RFC 7541, appendix A).
const (
	firstStatic = 17
	staticNames = `
accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
content-disposition content-encoding content-language content-length content-location content-range
content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range
if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range
referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary
via www-authenticate`
)

// fleetingNames are headers that are not remembered between answers: to
// remember them would cost more than it saves. What may be secret is not
// compared with what others chose, either (RFC 7541, section 7.1).
const fleetingNames = `
age authorization content-length content-range content-disposition cookie etag expires grpc-message
if-match if-none-match last-modified location proxy-authorization server-timing set-cookie traceparent
tracestate www-authenticate x-api-key x-auth-token x-b3-spanid x-b3-traceid x-correlation-id x-csrf-token
x-csrftoken x-request-id x-runtime x-xsrf-token`

// Classes of bytes.
const (
	tokenLower = 1 << iota // in a field name on the wire
	tokenAny               // in a token
	valueByte              // in a field value
	plainPath              // in a path that needs no parsing
	targetByte             // in a request target, as far as it is looked at here
)

var byteClass = makeByteClass()

func makeByteClass() (t [256]uint8) {
	for c := range 256 {
		b := byte(c)
		letter := b|0x20 >= 'a' && b|0x20 <= 'z'
		digit := b >= '0' && b <= '9'
		if letter || digit || b != 0 && strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0 {
			t[c] |= tokenAny
			if b < 'A' || b > 'Z' {
				t[c] |= tokenLower
			}
		}
		if b >= ' ' && b != 0x7f || b == '\t' {
			t[c] |= valueByte
		}
		if letter || digit || b != 0 && strings.IndexByte("-_.~$&+,/:;=@", b) >= 0 {
			t[c] |= plainPath
		}
		if b > ' ' && b != 0x7f && b != '#' {
			t[c] |= targetByte
		}
	}
	return t
}

// all reports whether every byte of s has class.
func all(s string, class uint8) bool {
	for i := range len(s) {
		class &= byteClass[s[i]]
	}
	return class != 0
}

// validValue reports whether s can stand in a field (RFC 9113, section 8.2.1;
// RFC 9110, section 5.5).
func validValue(s string) bool {
	if s == "" {
		return true
	}
	if first, last := s[0], s[len(s)-1]; first == ' ' || first == '\t' || last == ' ' || last == '\t' {
		return false
	}
	return printable(s)
}

// printable reports whether s has no control bytes but tabs.
func printable(s string) bool {
	for len(s) >= 8 && !suspicious(s) {
		s = s[8:]
	}
	return all(s, valueByte)
}

// suspicious reports whether the first eight bytes of s have a control byte.
func suspicious(s string) bool {
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	const ones, highs = ^uint64(0) / 255, ^uint64(0) / 255 * 0x80
	y := x ^ ones*0x7f
	return ((x-ones*' ')&^x|(y-ones)&^y)&highs != 0
}

// validName reports whether s can be a field name on the wire.
func validName(s string) bool { return s != "" && all(s, tokenLower) }

// canonicalNames remembers the canonical form of names that are not known, for
// one connection. The zero value is ready.
type canonicalNames struct {
	seen map[string]string
	size int
}

const maxCanonical = 2 << 10 // bytes that a connection remembers of names

// of expects a valid name.
func (n *canonicalNames) of(lower string) string {
	if s, ok := n.seen[lower]; ok {
		return s
	}
	s := textproto.CanonicalMIMEHeaderKey(lower)
	const overhead = 64 // bytes of an entry
	if size := 2*len(lower) + overhead; n.size+size <= maxCanonical {
		if n.seen == nil {
			n.seen = make(map[string]string)
		}
		n.seen[lower] = s
		n.size += size
	}
	return s
}
