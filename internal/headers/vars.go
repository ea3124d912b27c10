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

// placeholder is one name that may stand in a template.
type placeholder struct {
	name     string
	response bool // has a value in answers only
	// text is set for the ones that need no formatting.
	text func(*Vars) string
	// append is set for the others.
	append func([]byte, *Vars) []byte
}

var placeholders = []placeholder{
	{name: "host", text: func(v *Vars) string { return v.Host }},
	{name: "path", text: func(v *Vars) string { return v.Path }},
	{name: "query", text: func(v *Vars) string { return v.Query }},
	{name: "method", text: func(v *Vars) string { return v.Method }},
	{name: "scheme", text: func(v *Vars) string { return v.Scheme }},
	{name: "client_ip", text: func(v *Vars) string { return v.ClientIP }},
	{name: "request_id", text: func(v *Vars) string { return v.RequestID }},
	{name: "listener", text: func(v *Vars) string { return v.Listener }},
	{name: "route", text: func(v *Vars) string { return v.Route }},
	{name: "pool", text: func(v *Vars) string { return v.Pool }},
	{name: "server_name", text: func(v *Vars) string { return v.ServerName }},
	{name: "tls_version", text: func(v *Vars) string { return v.TLSVersion }},
	{name: "tls_cipher", text: func(v *Vars) string { return v.TLSCipher }},
	{name: "time_iso", append: appendTime},
	{name: "backend", response: true, text: func(v *Vars) string { return v.Backend }},
	{name: "status", response: true, append: appendStatus},
}

func appendTime(buf []byte, v *Vars) []byte {
	if v.Time.IsZero() {
		return buf
	}
	return v.Time.UTC().AppendFormat(buf, "2006-01-02T15:04:05.000Z07:00")
}

func appendStatus(buf []byte, v *Vars) []byte {
	if v.Status == 0 {
		return buf
	}
	return strconv.AppendInt(buf, int64(v.Status), 10)
}
