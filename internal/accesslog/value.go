package accesslog

import (
	"strconv"
	"time"
)

// value is what one ${key} of a template stands for.
type value struct {
	key    string
	append func(b []byte, r *Record, quoted bool) []byte
}

// values holds every key of a template: those of a JSON line, then the ones
// that only templates know.
var values = []value{
	{"time", func(b []byte, r *Record, _ bool) []byte { return appendJSONTime(b, r.Time) }},
	text("id", func(r *Record) string { return r.ID }),
	text("listener", func(r *Record) string { return r.Listener }),
	text("route", func(r *Record) string { return r.Route }),
	text("pool", func(r *Record) string { return r.Pool }),
	text("backend", func(r *Record) string { return r.Backend }),
	text("affinity", func(r *Record) string { return r.Affinity }),
	number("attempts", func(r *Record) int64 { return int64(len(r.Attempts)) }),
	text("end", func(r *Record) string { return r.End }),
	text("client", func(r *Record) string { return r.Client }),
	text("method", func(r *Record) string { return r.Method }),
	text("host", func(r *Record) string { return r.Host }),
	text("path", func(r *Record) string { return r.Path }),
	text("query", func(r *Record) string { return r.Query }),
	text("proto", func(r *Record) string { return r.Proto }),
	number("status", func(r *Record) int64 { return int64(r.Status) }),
	number("bytes_in", func(r *Record) int64 { return r.BytesIn }),
	number("bytes_out", func(r *Record) int64 { return r.BytesOut }),
	millis("duration_ms", func(r *Record) time.Duration { return r.Duration }),
	millis("connect_ms", func(r *Record) time.Duration { return r.Connect }),
	millis("header_ms", func(r *Record) time.Duration { return r.Header }),
	text("user_agent", func(r *Record) string { return r.UserAgent }),
	text("referer", func(r *Record) string { return r.Referer }),
	text("not_retried", func(r *Record) string { return r.NotRetried }),
	millis("queued_ms", func(r *Record) time.Duration { return r.Queued }),
	millis("held_ms", func(r *Record) time.Duration { return r.Held }),
	text("client_cert", func(r *Record) string { return r.ClientCert }),

	{"backends", appendBackends},
	{"request", appendRequestLine},
	{"time_ncsa", func(b []byte, r *Record, _ bool) []byte { return appendNCSATime(b, r.Time) }},
	{"bytes_ncsa", appendNCSABytes},
}

func text(key string, of func(*Record) string) value {
	return value{key, func(b []byte, r *Record, quoted bool) []byte { return appendText(b, of(r), quoted) }}
}

func number(key string, of func(*Record) int64) value {
	return value{key, func(b []byte, r *Record, _ bool) []byte { return strconv.AppendInt(b, of(r), 10) }}
}

func millis(key string, of func(*Record) time.Duration) value {
	return value{key, func(b []byte, r *Record, _ bool) []byte { return appendMillis(b, of(r)) }}
}

// appendBackends appends the names of the backends that were tried, in order.
func appendBackends(b []byte, r *Record, quoted bool) []byte {
	if len(r.Attempts) == 0 {
		return append(b, '-')
	}
	for i := range r.Attempts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, r.Attempts[i].Backend, quoted)
	}
	return b
}

// appendRequestLine rebuilds the request line. Spaces inside its three parts
// are escaped, so that it always splits into three again; a request that had
// no line that could be read is "-".
func appendRequestLine(b []byte, r *Record, quoted bool) []byte {
	if r.Method == "" && r.Path == "" && r.Proto == "" {
		return append(b, '-')
	}
	b = appendText(b, r.Method, false)
	b = appendGap(b, quoted)
	b = appendText(b, r.Path, false)
	if r.Query != "" {
		b = append(b, '?')
		b = appendEscaped(b, r.Query, false)
	}
	b = appendGap(b, quoted)
	return appendText(b, r.Proto, false)
}

func appendGap(b []byte, quoted bool) []byte {
	if quoted {
		return append(b, ' ')
	}
	return append(b, `\x20`...)
}

// appendNCSABytes appends the size of the answer as the common log format has
// it, where no byte is "-".
func appendNCSABytes(b []byte, r *Record, _ bool) []byte {
	if r.BytesOut == 0 {
		return append(b, '-')
	}
	return strconv.AppendInt(b, r.BytesOut, 10)
}
