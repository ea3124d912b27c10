package http1

import (
	"bytes"
	"strconv"
)

// headFraming is what the engine itself has to know of the header lines.
type headFraming struct {
	hosts, lengths, codings, expects int

	host    span
	agent   span
	length  int64
	chunked bool
	ask100  bool // Expect: 100-continue
	close   bool // Connection says so
	keep    bool
	upgrade bool // Connection or Upgrade is about a change of protocol
	trailer bool
}

// special takes in the line that was added last.
func (h *serverHead) special(id uint8, value []byte) *fault {
	switch id {
	case nameHost:
		h.hosts++
		h.host = h.fields[len(h.fields)-1].value
		if !all(value, hostByte) {
			return errHost
		}
	case nameContentLength:
		h.lengths++
		var ok bool
		if h.length, ok = decimal(value); !ok {
			return errLength
		}
	case nameTransferEncoding:
		h.codings++
		h.chunked = bytes.EqualFold(value, []byte("chunked"))
	case nameConnection:
		h.connection(value)
	case nameExpect:
		if len(value) > 0 {
			h.expects++
			h.ask100 = bytes.EqualFold(value, []byte("100-continue"))
		}
	case nameTrailer:
		h.trailer = true
	case nameUpgrade:
		h.upgrade = true
	case nameUserAgent:
		h.agent = h.fields[len(h.fields)-1].value
	}
	return nil
}

// connection takes in a list of options (RFC 9110, section 7.6.1).
func (h *serverHead) connection(value []byte) {
	for more := true; more; {
		var option []byte
		option, value, more = bytes.Cut(value, []byte{','})
		switch option = trimmed(option); {
		case bytes.EqualFold(option, []byte("close")):
			h.close = true
		case bytes.EqualFold(option, []byte("keep-alive")):
			h.keep = true
		case bytes.EqualFold(option, []byte("upgrade")):
			h.upgrade = true
		}
	}
}

// decimal reads a number of digits alone.
func decimal(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if !isDigit(c) {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	return n, err == nil
}

// judge refuses what two readers could understand differently (RFC 9112,
// section 6.3), once all lines are there.
func (h *serverHead) judge() *fault {
	switch {
	case h.hosts > 1:
		return errHosts
	case h.hosts == 0 && h.minor > 0:
		return errNoHost
	case h.codings > 0 && h.minor == 0:
		return errCodingOld
	case h.codings > 0 && h.lengths > 0:
		return errCodingLength
	case h.codings > 1 || h.codings > 0 && !h.chunked:
		return errCoding
	case h.lengths > 1:
		return errLengths
	case h.expects > 1 || h.expects > 0 && !h.ask100:
		return errUnsupportedAsk
	}
	return nil
}

// lasts reports whether the client wants the connection to stay.
func (h *serverHead) lasts() bool { return !h.close && (h.minor > 0 || h.keep) }
