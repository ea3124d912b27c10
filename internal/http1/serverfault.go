package http1

import "net/http"

// fault is why a request is refused. Each is one of those below.
type fault struct {
	status int
	text   string
}

func (f *fault) Error() string { return f.text }

func badRequest(text string) *fault { return &fault{http.StatusBadRequest, text} }

var (
	errSlowHead  = &fault{http.StatusRequestTimeout, "the request did not come in time"}
	errCutHead   = badRequest("the connection ended within the request's head")
	errLongLine  = &fault{http.StatusRequestURITooLong, "the request line is too long"}
	errLongHead  = &fault{http.StatusRequestHeaderFieldsTooLarge, "the request's head is too long"}
	errManyLines = &fault{http.StatusRequestHeaderFieldsTooLarge, "too many header lines"}

	errLineEnd     = badRequest("a line that does not end in CR LF")
	errRequestLine = badRequest("no request line")
	errMethod      = badRequest("a method that is no token")
	errTarget      = badRequest("a malformed request target")
	errVersion     = badRequest("a malformed protocol version")
	errOldOrNew    = &fault{http.StatusHTTPVersionNotSupported, "a protocol version other than 1.1 and 1.0"}

	errFold     = badRequest("a folded header line, or a space before the first one")
	errNoName   = badRequest("a header line without a name or a colon")
	errName     = badRequest("a header name that is no token, or a space before the colon")
	errValue    = badRequest("a control byte in a header's value")
	errNoHost   = badRequest("no Host")
	errHosts    = badRequest("several Hosts")
	errHost     = badRequest("a malformed Host")
	errTwoHosts = badRequest("a Host that is not that of the request target")

	errLength         = badRequest("a malformed Content-Length")
	errLengths        = badRequest("several Content-Lengths")
	errCodingOld      = badRequest("Transfer-Encoding in HTTP/1.0")
	errCodingLength   = badRequest("Transfer-Encoding beside Content-Length")
	errCoding         = &fault{http.StatusNotImplemented, "a transfer coding other than chunked"}
	errTrailerNames   = badRequest("a Trailer header with a name that no trailer may have")
	errUnsupportedAsk = &fault{http.StatusExpectationFailed, "an expectation other than 100-continue"}
)
