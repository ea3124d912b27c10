package headers

// protectedNames are the request headers by which proxies and TLS terminators
// tell applications who the client is and what it asked for. Applications
// believe them, so only a trusted peer may send them. They are written folded.
var protectedNames = set(
	// Whom the request comes from.
	"forwarded", "forwarded-for", "x-forwarded", "x-original-forwarded-for",
	"x-real-ip", "x-client-ip", "client-ip", "x-cluster-client-ip", "true-client-ip",
	"cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "fastly-client-ip", "fly-client-ip",
	"do-connecting-ip", "x-azure-clientip", "x-azure-socketip", "x-appengine-user-ip",
	"x-envoy-external-address", "x-originating-ip", "x-remote-ip", "x-remote-addr", "remote-addr",
	"x-proxyuser-ip",
	// Which user was authenticated.
	"remote-user", "x-remote-user", "x-authenticated-user", "x-auth-request-user",
	"x-auth-request-email", "x-webauth-user",
	// The client's certificate and connection (RFC 9440 for the first two).
	"client-cert", "client-cert-chain", "x-arr-clientcert", "x-arr-ssl", "x-ssl",
	"x-client-dn", "x-client-verify", "x-client-verified", "front-end-https", "x-https",
	"x-scheme", "x-url-scheme",
	// What was asked for, before somebody rewrote it.
	"x-original-url", "x-original-uri", "x-original-host", "x-rewrite-url", "x-http-host-override",
	// The name of the request in logs.
	"x-request-id",
)

// protectedPrefixes protect whole families.
var protectedPrefixes = []string{"x-forwarded-", "x-ssl-", "x-client-cert", "ssl-client-", "x-amzn-mtls-"}

// neverSent are names that no request to a backend carries, whoever its peer
// is. A CGI program takes "Proxy" for the proxy to use itself; Http2-Settings
// belongs to an upgrade to HTTP/2 that is never passed on.
var neverSent = set("proxy", "http2-settings", "proxy-connection")

// Protected reports whether a header name, as a backend may understand it, is
// one of those that only a trusted peer may send. CGI, WSGI and their kin turn
// hyphens into underscores, and some of them every byte that is no letter or
// digit, so names are compared after folding all those into hyphens and the
// case away.
//
// Protected are: X-Forwarded-*, X-Forwarded, Forwarded, Forwarded-For,
// X-Original-Forwarded-For; X-Real-IP, X-Client-IP, Client-IP,
// X-Cluster-Client-IP, True-Client-IP, CF-Connecting-IP, CF-Connecting-IPv6,
// CF-Pseudo-IPv4, Fastly-Client-IP, Fly-Client-IP, DO-Connecting-IP,
// X-Azure-ClientIP, X-Azure-SocketIP, X-AppEngine-User-IP,
// X-Envoy-External-Address, X-Originating-IP, X-Remote-IP, X-Remote-Addr,
// Remote-Addr, X-ProxyUser-IP; Remote-User, X-Remote-User,
// X-Authenticated-User, X-Auth-Request-User, X-Auth-Request-Email,
// X-WebAuth-User; X-SSL-*, X-SSL, X-Client-Cert*, SSL-Client-*, Client-Cert,
// Client-Cert-Chain, X-ARR-ClientCert, X-ARR-SSL, X-Amzn-Mtls-*, X-Client-DN,
// X-Client-Verify, X-Client-Verified, Front-End-Https, X-HTTPS, X-Scheme,
// X-URL-Scheme; X-Original-URL, X-Original-URI, X-Original-Host,
// X-Rewrite-URL, X-HTTP-Host-Override; X-Request-Id.
func Protected(name string) bool {
	if protectedNames.has(name) {
		return true
	}
	for _, p := range protectedPrefixes {
		if len(name) >= len(p) && foldedAlike(name[:len(p)], p) {
			return true
		}
	}
	return false
}

// ambiguous reports what in a name lets a backend take it for another one: an
// underscore, or other punctuation than a hyphen.
func ambiguous(name string) (underscore, other bool) {
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-':
		case c == '_':
			underscore = true
		default:
			other = true
		}
	}
	return underscore, other
}
