package headers

import (
	"strconv"
	"time"
)

// Side says what a template's header belongs to. Some placeholders have a
// value in answers only.
type Side int

// The two sides.
const (
	Request Side = iota + 1
	Response
)

// Vars are the values behind placeholders for one request. What is empty or
// zero expands to nothing.
type Vars struct {
	Host      string // ${host}: canonical, without port
	Path      string // ${path}: canonical, encoded
	Query     string // ${query}: as it was sent, without '?'
	Method    string // ${method}
	Scheme    string // ${scheme}: http or https, as the client reached the door
	ClientIP  string // ${client_ip}
	RequestID string // ${request_id}
	Listener  string // ${listener}
	Route     string // ${route}
	Pool      string // ${pool}

	ServerName string // ${server_name}: of the TLS handshake
	TLSVersion string // ${tls_version}
	TLSCipher  string // ${tls_cipher}

	Time time.Time // ${time_iso}: RFC 3339, UTC, milliseconds

	Backend string // ${backend}, in answers
	Status  int    // ${status}, in answers
}

// placeholder is what stands in a template for one of the Vars. A switch finds
// its value, and no function value does, so that a caller's Vars can stay on
// its stack.
type placeholder int

const (
	none placeholder = iota
	host
	path
	query
	method
	scheme
	clientIP
	requestID
	listener
	route
	pool
	serverName
	tlsVersion
	tlsCipher
	timeISO
	backend
	status
)

// placeholderNames are in the order in which problems list them.
var placeholderNames = []struct {
	placeholder
	name string
}{
	{host, "host"}, {path, "path"}, {query, "query"}, {method, "method"}, {scheme, "scheme"},
	{clientIP, "client_ip"}, {requestID, "request_id"}, {listener, "listener"}, {route, "route"}, {pool, "pool"},
	{serverName, "server_name"}, {tlsVersion, "tls_version"}, {tlsCipher, "tls_cipher"}, {timeISO, "time_iso"},
	{backend, "backend"}, {status, "status"},
}

// inAnswersOnly reports whether there is no value before the answer.
func (p placeholder) inAnswersOnly() bool { return p == backend || p == status }

// formatted reports whether the value must be formatted, and text has none.
func (p placeholder) formatted() bool { return p == timeISO || p == status }

// text is the value of a placeholder that needs no formatting.
func (p placeholder) text(v *Vars) string {
	switch p {
	case host:
		return v.Host
	case path:
		return v.Path
	case query:
		return v.Query
	case method:
		return v.Method
	case scheme:
		return v.Scheme
	case clientIP:
		return v.ClientIP
	case requestID:
		return v.RequestID
	case listener:
		return v.Listener
	case route:
		return v.Route
	case pool:
		return v.Pool
	case serverName:
		return v.ServerName
	case tlsVersion:
		return v.TLSVersion
	case tlsCipher:
		return v.TLSCipher
	case backend:
		return v.Backend
	}
	return ""
}

// append appends the value of any placeholder.
func (p placeholder) append(buf []byte, v *Vars) []byte {
	switch {
	case p == timeISO && !v.Time.IsZero():
		return v.Time.UTC().AppendFormat(buf, "2006-01-02T15:04:05.000Z07:00")
	case p == status && v.Status != 0:
		return strconv.AppendInt(buf, int64(v.Status), 10)
	}
	return append(buf, p.text(v)...)
}
