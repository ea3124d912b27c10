package router

import (
	"net/url"
	"strings"
)

// TargetError says why a request target is refused. It never holds the target,
// which is the client's. The answer to it is status 400.
type TargetError struct{ reason string }

func (e *TargetError) Error() string { return "the request target is malformed: " + e.reason }

var (
	errTargetForm   = &TargetError{"it is neither a path nor an http URL"}
	errFragment     = &TargetError{"it holds a fragment"}
	errControl      = &TargetError{"it holds a space or a control byte"}
	errEncoding     = &TargetError{"a percent sign is not followed by two hexadecimal digits"}
	errBackslash    = &TargetError{"the path holds a backslash"}
	errAboveRoot    = &TargetError{"the path leads above the root"}
	errHiddenDots   = &TargetError{"the path hides a dot segment"}
	errEncodedSlash = &TargetError{"the path holds an encoded slash"}
)

// Target is a request target in canonical form. All its strings together are
// what to match, log and send on.
type Target struct {
	// Path is the decoded path, as in [url.URL]. "*" for the asterisk form.
	Path string
	// RawPath is the canonical path as it is sent on, always set: with Path, it
	// makes a [url.URL] whose EscapedPath is RawPath. It begins with exactly
	// one slash, unless it is "*".
	RawPath string
	// MatchPath is what [Table.Match] takes. It is RawPath with each segment's
	// parameters (";x=y") left out, and written so that two paths that decode
	// to the same are the same. "/" for the asterisk form.
	MatchPath string
	// RawQuery is what followed the first '?', byte for byte.
	RawQuery string
	// ForceQuery is set when there was a '?' with nothing after it.
	ForceQuery bool
	// EncodedSlash is set when the path holds "%2F". Each route says whether it
	// takes such paths.
	EncodedSlash bool
	// Asterisk is set for the target "*", which only OPTIONS may have.
	Asterisk bool
	// Scheme and Authority are those of an absolute-form target; the scheme
	// in lower case, the authority as it was sent, and valid for [Host]. ""
	// otherwise. Use [Target.Names] to compare it with the Host header.
	Scheme, Authority string
}

// String is the target as it is sent on, in origin form.
func (t Target) String() string {
	if t.RawQuery != "" || t.ForceQuery {
		return t.RawPath + "?" + t.RawQuery
	}
	return t.RawPath
}

// Names reports whether a Host header names the same host and port as the
// target does. A target without an authority is no contradiction to any host.
func (t Target) Names(host string) bool {
	if t.Authority == "" || t.Authority == host {
		return true
	}
	a, err := Host(t.Authority)
	if err != nil {
		return false
	}
	b, err := Host(host)
	return err == nil && a == b && t.port(t.Authority) == t.port(host)
}

// port is the port of a valid host[:port], or the scheme's own.
func (t Target) port(host string) string {
	if hasPort(host) {
		return host[strings.LastIndexByte(host, ':')+1:]
	}
	if t.Scheme == "https" {
		return "443"
	}
	return "80"
}

// Canonical brings a request target (RFC 9112, section 3.2) into its one
// canonical form, and refuses what two readers could understand differently.
// The error is a [*TargetError], or a [*HostError] for the authority of an
// absolute-form target.
//
// Taken are the origin form, the absolute form with http or https, and "*"
// (it is for the caller to hold Asterisk against the method). The authority
// form of CONNECT is refused.
//
// In the path, encoded letters, digits and "-._~" are decoded, the other
// percent-encodings get upper-case digits, bytes that no path may hold are
// encoded, runs of slashes become one, and "." and ".." segments are resolved.
// Decoding is done once: "%252e" stays what it is. Refused are:
//
//   - a '%' without two hexadecimal digits;
//   - spaces and control bytes, and encoded control bytes, NUL among them;
//   - a backslash, raw or encoded, and '#';
//   - ".." above the root;
//   - segments that turn into a dot segment when their parameters are removed
//     ("..;x"), or when an encoded slash is decoded ("..%2f");
//   - an encoded slash, unless encodedSlash is set: then it stays "%2F", is no
//     segment border, and sets [Target.EncodedSlash].
//
// The query is left alone, but for spaces, control bytes and '#', which are
// refused.
//
// The canonical form of a canonical target is itself. For a path without
// percent-encodings and parameters that is canonical already, nothing is
// allocated.
func Canonical(target string, encodedSlash bool) (Target, error) {
	if target == "*" {
		return Target{Path: "*", RawPath: "*", MatchPath: "/", Asterisk: true}, nil
	}
	if path, query, has, ok := plainTarget(target); ok {
		return Target{Path: path, RawPath: path, MatchPath: path, RawQuery: query, ForceQuery: has && query == ""}, nil
	}
	return anyTarget(target, encodedSlash)
}

// anyTarget is Canonical for those that are not in plain sight.
func anyTarget(target string, encodedSlash bool) (Target, error) {
	var t Target
	rest, err := t.takeAuthority(target)
	if err != nil {
		return Target{}, err
	}
	path, query, hasQuery := strings.Cut(rest, "?")
	if err := checkQuery(query); err != nil {
		return Target{}, err
	}
	t.RawQuery, t.ForceQuery = query, hasQuery && query == ""
	if path == "" {
		path = "/" // only after an authority
	}
	t.RawPath, t.EncodedSlash, err = canonicalPath(path, encodedSlash)
	if err != nil {
		return Target{}, err
	}
	t.MatchPath = matchForm(t.RawPath)
	t.Path = t.RawPath
	if strings.Contains(t.RawPath, "%") {
		if t.Path, err = url.PathUnescape(t.RawPath); err != nil {
			return Target{}, errEncoding
		}
	}
	return t, nil
}

// takeAuthority reads scheme and authority of an absolute-form target, and
// returns what follows them: path and query, either of which may be missing.
// An origin-form target is returned as it is.
func (t *Target) takeAuthority(target string) (rest string, err error) {
	if strings.HasPrefix(target, "/") {
		return target, nil
	}
	switch {
	case hasPrefixFold(target, "http://"):
		t.Scheme = "http"
	case hasPrefixFold(target, "https://"):
		t.Scheme = "https"
	default:
		return "", errTargetForm
	}
	target = target[len(t.Scheme)+len("://"):]
	end := strings.IndexAny(target, "/?")
	if end < 0 {
		end = len(target)
	}
	if _, err := Host(target[:end]); err != nil {
		return "", err
	}
	t.Authority = target[:end]
	return target[end:], nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// checkQuery refuses what must not stand in a query. All else is the
// business of the backend.
func checkQuery(query string) error {
	for i := 0; i < len(query); i++ {
		if c := query[i]; c <= '#' || c == 0x7f {
			switch {
			case c <= ' ' || c == 0x7f:
				return errControl
			case c == '#':
				return errFragment
			}
		}
	}
	return nil
}
