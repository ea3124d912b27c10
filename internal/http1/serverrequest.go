package http1

import (
	"net/http"
	"net/url"
	"strings"
)

// whole makes the request of a head of n bytes.
func (t *serverTurn) whole(n int) verdict {
	if f := t.head.judge(); f != nil {
		return t.refuse(f)
	}
	head := string(t.in[t.r : t.r+n]) // every string of the request is a piece of it
	if f := t.fill(head); f != nil {
		return t.refuse(f)
	}
	t.r += n
	return headWhole
}

func (t *serverTurn) fill(head string) *fault {
	h, r := &t.head, &t.req
	r.Method = h.method.in(head)
	r.RequestURI = h.target.in(head)
	r.ProtoMajor, r.ProtoMinor, r.Proto = 1, h.minor, "HTTP/1.1"
	if h.minor == 0 {
		r.Proto = "HTTP/1.0"
	}
	r.Host = h.host.in(head)
	if f := t.fillURL(); f != nil {
		return f
	}
	t.fillHeader(head)
	r.RemoteAddr, r.TLS = t.c.remote, t.c.tls
	r.Close = !h.lasts()
	r.Body, r.ContentLength = http.NoBody, h.length
	switch {
	case h.chunked:
		return t.fillChunked()
	case h.length > 0:
		t.body = newServerBody(t)
		r.Body = t.body
	}
	return nil
}

func (t *serverTurn) fillChunked() *fault {
	r := &t.req
	delete(t.header, "Transfer-Encoding")
	r.TransferEncoding, r.ContentLength = []string{"chunked"}, -1
	if t.head.trailer {
		for _, v := range t.header["Trailer"] {
			if !announce(&r.Trailer, v) {
				return errTrailerNames
			}
		}
		delete(t.header, "Trailer")
	}
	t.body = newServerBody(t)
	r.Body = t.body
	return nil
}

// announce adds the names in a Trailer header, and reports whether none is one
// that frames the message.
func announce(to *http.Header, list string) bool {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.Trim(name, " \t"); name == "" {
			continue
		}
		name = http.CanonicalHeaderKey(name)
		switch name {
		case "Transfer-Encoding", "Trailer", "Content-Length":
			return false
		}
		if *to == nil {
			*to = make(http.Header)
		}
		(*to)[name] = nil
	}
	return true
}

// fillURL reads the target (RFC 9112, section 3.2).
func (t *serverTurn) fillURL() *fault {
	r, h := &t.req, &t.head
	r.URL = &t.url
	if !h.simple || r.Method == http.MethodConnect {
		return t.parseURL()
	}
	target := r.RequestURI
	t.url.Path = target[:h.query]
	if h.query < len(target) {
		t.url.RawQuery = target[h.query+1:]
		t.url.ForceQuery = t.url.RawQuery == ""
	}
	return nil
}

// parseURL is for all but a plain path. The result is what net/http has, but
// for targets that no client of an origin or a proxy has a use for.
func (t *serverTurn) parseURL() *fault {
	r, h := &t.req, &t.head
	raw := r.RequestURI
	authority := r.Method == http.MethodConnect
	switch {
	case authority && strings.ContainsAny(raw, "/?"), raw == "*" && r.Method != http.MethodOptions:
		return errTarget
	case authority:
		raw = "http://" + raw
	}
	u, err := url.ParseRequestURI(raw)
	if err != nil || u.User != nil {
		return errTarget
	}
	t.url = *u
	if authority {
		t.url.Scheme = ""
	}
	if raw[0] == '/' || raw == "*" {
		return nil
	}
	switch {
	case u.Host == "" || // what is opaque has none, either
		!all([]byte(u.Host), hostByte):
		return errTarget
	case h.hosts > 0 && !strings.EqualFold(u.Host, r.Host):
		return errTwoHosts
	}
	r.Host = u.Host
	return nil
}

// fillHeader makes the map. The slices of values lie one behind the other, and
// none can grow into the next.
func (t *serverTurn) fillHeader(head string) {
	t.req.Header = t.header
	if need := len(t.head.fields); cap(t.values) < need {
		t.values = make([]string, 0, need)
	}
	var seen [2]uint64
	for i := range t.head.fields {
		f := &t.head.fields[i]
		n := len(t.values)
		t.values = append(t.values, f.value.in(head))
		value := t.values[n : n+1 : n+1]
		if f.known == nil {
			name := f.name.in(head)
			t.header[name] = joined(t.header[name], value)
			continue
		}
		if f.known.id == nameHost {
			continue
		}
		word, bit := &seen[f.known.bit/64], uint64(1)<<(f.known.bit%64)
		if *word&bit != 0 {
			value = joined(t.header[f.known.name], value)
		}
		*word |= bit
		t.header[f.known.name] = value
	}
}

// joined is value, behind what there was of that name before.
func joined(before, value []string) []string {
	if before == nil {
		return value
	}
	return append(before, value[0])
}
