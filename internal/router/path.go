package router

import (
	"bytes"
	"strings"
)

// canonicalPath brings a path that begins with a slash into canonical form, as
// [Canonical] describes it, and reports whether an encoded slash is left in it.
func canonicalPath(in string, encodedSlash bool) (out string, slash bool, err error) {
	if isCanonical(in) {
		return in, false, nil
	}
	var room [256]byte
	buf := room[:0]
	for rest, more := in[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		if buf, err = appendSegment(buf, segment, more); err != nil {
			return "", false, err
		}
	}
	out = in
	if string(buf) != in {
		out = string(buf)
	}
	slash = strings.Contains(out, "%2F")
	if slash && !encodedSlash {
		return "", false, errEncodedSlash
	}
	return out, slash, nil
}

// plainTarget recognises most targets that are canonical already: a path of
// plain bytes without encodings and parameters, in which no segment is empty or
// a dot segment, and a query without a fault.
func plainTarget(target string) (path, query string, hasQuery, ok bool) {
	if target == "" || target[0] != '/' {
		return "", "", false, false
	}
	end := 0
	for ; end < len(target); end++ {
		k := classes[target[end]]
		if k == unreserved {
			continue
		}
		if k == other || target[end] == ';' {
			break
		}
		if target[end] == '/' && !plainSegment(target[end+1:]) {
			return "", "", false, false
		}
	}
	if end == len(target) {
		return target, "", false, true
	}
	if target[end] != '?' || checkQuery(target[end+1:]) != nil {
		return "", "", false, false
	}
	return target[:end], target[end+1:], true, true
}

// plainSegment reports whether the segment that s begins with can neither be a
// dot segment nor be empty, unless it is the last one.
func plainSegment(s string) bool {
	if s == "" || s[0] != '.' {
		return s == "" || s[0] != '/'
	}
	return len(s) > 1 && classes[s[1]] == unreserved && s[1] != '.'
}

// isCanonical recognises most paths that are canonical already: plain bytes,
// no encodings, no segment that is empty or begins with a dot.
func isCanonical(path string) bool {
	for i := 0; i < len(path); i++ {
		c := path[i]
		if !isPathByte(c) {
			return false
		}
		if c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.') {
			return false
		}
	}
	return true
}

// appendSegment takes the next segment into buf, a canonical path whose
// segments each have the slash before them. more says that a slash follows.
func appendSegment(buf []byte, s string, more bool) ([]byte, error) {
	start := len(buf)
	buf, err := appendNormal(append(buf, '/'), s)
	if err != nil {
		return nil, err
	}
	seg := buf[start+1:]
	if hidesDots(seg) {
		return nil, errHiddenDots
	}
	switch string(seg) {
	case "", ".":
	case "..":
		if start == 0 {
			return nil, errAboveRoot
		}
		start = bytes.LastIndexByte(buf[:start], '/')
	default:
		return buf, nil
	}
	if !more {
		return append(buf[:start], '/'), nil
	}
	return buf[:start], nil
}

// appendNormal appends one segment with every byte in its one spelling.
func appendNormal(buf []byte, s string) ([]byte, error) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		encoded := c == '%'
		if encoded {
			var ok bool
			if c, ok = unhex(s[i+1:]); !ok {
				return nil, errEncoding
			}
			i += 2
		}
		if err := checkPathByte(c, encoded); err != nil {
			return nil, err
		}
		if isUnreserved(c) || !encoded && isPathByte(c) {
			buf = append(buf, c)
			continue
		}
		buf = append(buf, '%', upperHex[c>>4], upperHex[c&15])
	}
	return buf, nil
}

// checkPathByte refuses the bytes that no path may hold, raw or encoded.
func checkPathByte(c byte, encoded bool) error {
	switch {
	case c < ' ', c == 0x7f, c == ' ' && !encoded:
		return errControl
	case c == '\\':
		return errBackslash
	case c == '#' && !encoded:
		return errFragment
	}
	return nil
}

// hidesDots reports whether a normalised segment is, to a reader that removes
// parameters or decodes slashes, something with a dot segment in it. The dot
// segments "." and ".." themselves are in plain sight.
func hidesDots(seg []byte) bool {
	if len(seg) < 2 || string(seg) == ".." {
		return false
	}
	if seg[0] != '.' && !bytes.Contains(seg, []byte("%2F.")) {
		return false
	}
	for len(seg) > 0 {
		// One piece is what such a reader takes for a segment.
		end := 0
		for end < len(seg) && !isMark(seg[end:], "%2F") {
			end++
		}
		piece := seg[:end]
		for i := range piece {
			if piece[i] == ';' || isMark(piece[i:], "%3B") {
				piece = piece[:i]
				break
			}
		}
		if string(piece) == "." || string(piece) == ".." {
			return true
		}
		seg = seg[min(end+len("%2F"), len(seg)):]
	}
	return false
}

func isMark(b []byte, mark string) bool {
	return len(b) >= len(mark) && string(b[:len(mark)]) == mark
}

// matchForm makes a MatchPath of a canonical path. It leaves out parameters,
// and decodes the encoded delimiters that stand for themselves in a path, so
// that "/a%2Cb" and "/a,b" are one. "%3B" stays: to decode it would make a
// parameter of it. A segment that consists of parameters alone is as good as
// empty to whoever ignores them, so it is left out too.
func matchForm(path string) string {
	if !strings.ContainsAny(path, ";%") {
		return path
	}
	var room [256]byte
	buf := room[:0]
	for rest, more := path[1:], true; more; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		segment, _, _ = strings.Cut(segment, ";")
		if segment == "" && more {
			continue
		}
		buf = append(buf, '/')
		for i := 0; i < len(segment); i++ {
			c := segment[i]
			if c == '%' {
				if d, _ := unhex(segment[i+1:]); isPathByte(d) && d != '/' && d != ';' {
					c = d
					i += 2
				}
			}
			buf = append(buf, c)
		}
	}
	if string(buf) == path {
		return path
	}
	return string(buf)
}
