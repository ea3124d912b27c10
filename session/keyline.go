package session

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// KeyFileHint says what to do about a key file with a fault.
const KeyFileHint = "restore it, or remove it: the next start makes a new one, and visitors are pinned anew"

// KeyFileError is one fault in a key file. It never holds a secret.
type KeyFileError struct {
	File string // as given
	Line int    // from 1; 0: the file as a whole
	Text string
}

// Error returns "file:line: text".
func (e *KeyFileError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Text)
}

// parseKeys reads the content of a key file: lines of "id:secret", newest
// first, blank lines and lines that begin with "#". All the faults it finds are
// joined, each a *KeyFileError.
func parseKeys(file string, data []byte) (*ring, error) {
	text := strings.TrimSuffix(string(data), "\n")
	r := &ring{lines: strings.Split(text, "\n")}
	var faults []error
	for i, line := range r.lines {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		k, err := parseKey(line)
		if err == nil {
			err = r.unlike(k)
		}
		if err != nil {
			faults = append(faults, &KeyFileError{file, i + 1, err.Error()})
			continue
		}
		k.line = i
		r.keys = append(r.keys, k)
	}
	switch {
	case len(faults) > 0:
	case len(r.keys) == 0:
		faults = append(faults, &KeyFileError{file, 0, "holds no key"})
	case len(r.keys) > maxKeys:
		faults = append(faults, &KeyFileError{file, 0, fmt.Sprintf("holds more than %d keys; drop old ones", maxKeys)})
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return r, nil
}

// parseKey reads one line. Its errors do not repeat what it could not read: it
// may be a secret in the wrong place.
func parseKey(line string) (key, error) {
	id, secret, ok := strings.Cut(line, ":")
	if !ok {
		return key{}, errors.New("is not of the form id:secret")
	}
	id, secret = strings.TrimSpace(id), strings.TrimSpace(secret)
	if !validID(id) {
		return key{}, fmt.Errorf("the id before the colon must have 1 to %d of A-Z a-z 0-9 _ -", maxID)
	}
	raw, err := decodeSecret(secret)
	if err != nil {
		return key{}, fmt.Errorf("the secret of key %q is not base64", id)
	}
	return newKey(id, raw)
}

// newKey makes the key of that id and secret.
func newKey(id string, secret []byte) (key, error) {
	if len(secret) < minSecret {
		return key{}, fmt.Errorf("the secret of key %q has %d bytes; it needs at least %d", id, len(secret), minSecret)
	}
	c, err := newCodec(secret)
	if err != nil {
		return key{}, err
	}
	return key{id: id, secret: secret, codec: c}, nil
}

// unlike reports what k has in common with a key before it. Two ids with one
// secret would make a cookie valid in two spellings, and dropping one of them
// would not end what was signed with it.
func (r *ring) unlike(k key) error {
	for _, other := range r.keys {
		switch {
		case other.id == k.id:
			return fmt.Errorf("the id %q is already that of line %d", k.id, other.line+1)
		case bytes.Equal(other.secret, k.secret):
			return fmt.Errorf("the secret of key %q is already that of line %d", k.id, other.line+1)
		}
	}
	return nil
}

// decodeSecret takes the standard and the URL alphabet, padded or not.
func decodeSecret(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	s = strings.NewReplacer("-", "+", "_", "/").Replace(s)
	return base64.RawStdEncoding.DecodeString(s)
}

func validID(id string) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}
