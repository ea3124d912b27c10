package session

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Rotate returns Keys with a new key in front, which signs from now on, and at
// most keep keys in all, the oldest ones dropped; 0 drops none. A visitor whose cookie was signed by a dropped key is
// assigned anew.
//
// Replicas that have not read the new file yet do not know the new key. Where
// there are several, Stage it, let all of them reload, and then Promote it.
func (k *Keys) Rotate(keep int) (*Keys, error) {
	return k.with(keep, 0)
}

// Stage is Rotate with the new key at the end of the file: it verifies and
// does not sign.
func (k *Keys) Stage() (*Keys, error) {
	return k.with(0, len(k.all()))
}

// Promote returns Keys in which the key of that id is the first and signs.
func (k *Keys) Promote(id string) (*Keys, error) {
	i := slices.Index(k.IDs(), id)
	if i < 0 {
		return nil, unknownID(id)
	}
	chosen := k.content().keys[i]
	line := k.content().lines[chosen.line]
	return k.cut(i).put(0, line)
}

// Drop returns Keys without the key of that id. The last one cannot be dropped.
func (k *Keys) Drop(id string) (*Keys, error) {
	i := slices.Index(k.IDs(), id)
	if i < 0 {
		return nil, unknownID(id)
	}
	if len(k.all()) == 1 {
		return nil, fmt.Errorf("dropping key %q: it is the only one", id)
	}
	return k.cut(i).keys()
}

func unknownID(id string) error {
	if !validID(id) {
		// Perhaps not an id at all, but a secret.
		return errors.New("there is no key of that id")
	}
	return fmt.Errorf("there is no key %q", id)
}

// with adds a new key at position at, after dropping the oldest ones so that
// at most keep are left; 0 drops none.
func (k *Keys) with(keep, at int) (*Keys, error) {
	if k.signer() == nil {
		return nil, errors.New("there are no keys yet")
	}
	line, err := newLine(k.IDs())
	if err != nil {
		return nil, err
	}
	e := k.edit()
	// The new key is one of those kept.
	for keep > 0 && len(e.at) >= keep {
		e = e.remove(len(e.at) - 1)
	}
	return e.put(at, line)
}

// firstKeys returns Keys with one new key.
func firstKeys() (*Keys, error) {
	line, err := newLine(nil)
	if err != nil {
		return nil, err
	}
	e := edited{lines: []string{
		"# Keys of the affinity cookies: id:secret, newest first. The first signs, all verify.",
		"# Replicas share this file. Whoever has it can choose a visitor's server.",
	}}
	return e.put(0, line)
}

// newLine makes a key whose id is none of taken.
func newLine(taken []string) (string, error) {
	for {
		var tail [3]byte
		if _, err := rand.Read(tail[:]); err != nil {
			return "", fmt.Errorf("making a key: %w", err)
		}
		id := time.Now().UTC().Format("20060102") + "-" + base64.RawURLEncoding.EncodeToString(tail[:])
		if slices.Contains(taken, id) {
			continue
		}
		var secret [minSecret]byte
		if _, err := rand.Read(secret[:]); err != nil {
			return "", fmt.Errorf("making a key: %w", err)
		}
		return id + ":" + base64.StdEncoding.EncodeToString(secret[:]), nil
	}
}
