package http1

// Names of headers that the engine itself has to do with.
const (
	nameOther = iota // known, but of no concern
	nameHost
	nameContentLength
	nameTransferEncoding
	nameConnection
	nameExpect
	nameTrailer
	nameUpgrade
	nameUserAgent
)

// headerName is a name that is often seen, in its canonical form.
type headerName struct {
	name string
	id   uint8
	bit  uint8 // its own, from 0 to 127
}

// knownNames is a table of them, never changed once it is made. A name stands
// in the slot that nameSlot gives, or one of those behind it.
var knownNames = makeKnownNames()

const nameSlots = 512

// lookupName returns the known name that b spells, in any case, or nil.
func lookupName(b []byte) *headerName {
	for i := nameSlot(b); ; i++ {
		n := knownNames[i%nameSlots]
		if n == nil {
			return nil
		}
		if len(n.name) == len(b) && (n.name == string(b) || sameFold(n.name, b)) {
			return n
		}
	}
}

// nameSlot does not depend on the case of letters.
func nameSlot(b []byte) uint {
	n := len(b)
	if n == 0 {
		return 0
	}
	return uint(n)*17 + uint(b[0]|0x20)*5 + uint(b[n-1]|0x20)*29 + uint(b[n/2]|0x20)*83 + uint(b[n/3]|0x20)*131
}

// sameFold compares without regard to the case of ASCII letters.
func sameFold(s string, b []byte) bool {
	for i := range b {
		if lower(s[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func makeKnownNames() *[nameSlots]*headerName {
	var table [nameSlots]*headerName
	put := func(name string, id, bit int) {
		i := nameSlot([]byte(name))
		for table[i%nameSlots] != nil {
			i++
		}
		table[i%nameSlots] = &headerName{name: name, id: uint8(id), bit: uint8(bit)} //nolint:gosec // small
	}
	bit := 0
	for id, name := range map[int]string{
		nameHost: "Host", nameContentLength: "Content-Length", nameTransferEncoding: "Transfer-Encoding",
		nameConnection: "Connection", nameExpect: "Expect", nameTrailer: "Trailer", nameUpgrade: "Upgrade",
		nameUserAgent: "User-Agent",
	} {
		put(name, id, bit)
		bit++
	}
	for _, name := range commonNames {
		put(name, nameOther, bit)
		bit++
	}
	if bit > 128 {
		panic("http1: more known names than bits")
	}
	return &table
}

var commonNames = []string{
	"Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers",
	"Access-Control-Request-Method", "Authorization", "Cache-Control", "Cdn-Loop", "Cf-Connecting-Ip",
	"Cf-Ipcountry", "Cf-Ray", "Cf-Visitor", "Content-Disposition", "Content-Encoding", "Content-Language",
	"Content-Location", "Content-Md5", "Content-Range", "Content-Type", "Cookie", "Date", "Depth", "Destination",
	"Device-Memory", "Dnt", "Dpr", "Downlink", "Early-Data", "Forwarded", "From", "Http2-Settings", "If",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Idempotency-Key",
	"Keep-Alive", "Last-Event-Id", "Lock-Token", "Max-Forwards", "Origin", "Overwrite", "Pragma", "Prefer",
	"Priority", "Proxy", "Proxy-Authorization", "Proxy-Connection", "Purpose", "Range", "Referer", "Rtt",
	"Save-Data", "Sec-Ch-Ua", "Sec-Ch-Ua-Arch", "Sec-Ch-Ua-Bitness", "Sec-Ch-Ua-Full-Version-List",
	"Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Model", "Sec-Ch-Ua-Platform", "Sec-Ch-Ua-Platform-Version", "Sec-Fetch-Dest",
	"Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-Gpc", "Sec-Purpose", "Sec-Websocket-Extensions",
	"Sec-Websocket-Key", "Sec-Websocket-Protocol", "Sec-Websocket-Version", "Soapaction", "Te", "Timeout",
	"Traceparent", "Tracestate", "Translate", "True-Client-Ip", "Upgrade-Insecure-Requests", "Via",
	"X-Amzn-Trace-Id", "X-Api-Key", "X-Auth-Token", "X-B3-Sampled", "X-B3-Spanid", "X-B3-Traceid",
	"X-Correlation-Id", "X-Csrf-Token", "X-Csrftoken", "X-Forwarded", "X-Forwarded-For", "X-Forwarded-Host",
	"X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server", "X-Http-Method-Override", "X-Real-Ip",
	"X-Request-Id", "X-Requested-With", "X-Xsrf-Token",
}
