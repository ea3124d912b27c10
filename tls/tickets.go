package tls

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"sterling/internal/regular"
)

// How long a key encrypts tickets, and for how long it is kept beside newer ones.
const (
	ticketTurn = 12 * time.Hour
	ticketLife = 36 * time.Hour
)

// Tickets are the keys of TLS session tickets (RFC 8446, section 4.6.1; RFC
// 5077), in a file that processes share: so sessions are resumed after a restart,
// after an upgrade and at another process of the same folder. In TLS 1.2 the ticket
// travels in the clear, in the first handshake already, and holds the master
// secret: whoever has the keys can read what was recorded of every session that
// was given one. With 1.3 they can read early data, and pose as the door to a
// client that resumes. So keys change by themselves, twice a day, and are gone a
// day after. crypto/tls announces tickets of 1.3 for seven days, which cannot be
// set; one that comes later than its key costs a whole handshake, and no more. It
// is safe for concurrent use.
//
// The zero value has no file: each process then has keys of its own, which
// crypto/tls makes and changes.
type Tickets struct {
	path string
	conf tls.Config // whose keys they are; it serves nobody

	mu   sync.Mutex // guards what follows
	keys []ticketKey
}

// ticketKey is one key. The newest one encrypts.
type ticketKey struct {
	born   time.Time
	secret [32]byte
}

// NewTickets returns keys that are kept in a file. Call Refresh before they are
// needed, and every minute or so.
func NewTickets(path string) *Tickets { return &Tickets{path: path} }

// Refresh takes up what another process has written, and makes a new key when it
// is time. An error leaves the keys as they are.
func (t *Tickets) Refresh(now time.Time) error {
	if t.path == "" {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	keys, err := readTickets(t.path)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(k ticketKey) bool { return now.Sub(k.born) > ticketLife || k.born.Sub(now) > ticketTurn })
	slices.SortStableFunc(keys, func(a, b ticketKey) int { return b.born.Compare(a.born) })
	if len(keys) == 0 || now.Sub(keys[0].born) >= ticketTurn {
		k := ticketKey{born: now.UTC().Truncate(time.Second)}
		_, _ = rand.Read(k.secret[:]) // it never fails
		keys = append([]ticketKey{k}, keys...)
		if err := writeTickets(t.path, keys); err != nil {
			return err
		}
	}
	if slices.Equal(keys, t.keys) {
		return nil
	}
	t.keys = keys
	secrets := make([][32]byte, len(keys))
	for i, k := range keys {
		secrets[i] = k.secret
	}
	t.conf.SetSessionTicketKeys(secrets)
	return nil
}

// apply has a configuration use the keys, and its clones. A session is resumed
// under the policy alone that it began under: what one policy has let in may be
// nobody to another.
func (t *Tickets) apply(c *tls.Config, policy string) {
	mark := policyMark + policy
	c.WrapSession = func(cs tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		session.Extra = append(session.Extra, []byte(mark)) // QUIC has something there, too
		return t.conf.EncryptTicket(cs, session)
	}
	c.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		session, err := t.conf.DecryptTicket(identity, cs)
		if err != nil || session == nil {
			return nil, err
		}
		for _, extra := range session.Extra {
			if string(extra) == mark {
				return session, nil
			}
		}
		return nil, nil // as if there were no ticket
	}
}

// policyMark begins the part of a session that names its policy.
const policyMark = "sterling policy "

// readTickets reads the file: a line "TIME SECRET" for each key. One that is
// damaged is as good as none, for nothing is lost with it but time.
func readTickets(path string) ([]ticketKey, error) {
	text, err := regular.Read(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("reading the keys of session tickets: %w", err)
	}
	return parseTickets(text), nil
}

func parseTickets(text []byte) []ticketKey {
	var keys []ticketKey
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		born, secret, _ := strings.Cut(lines.Text(), " ")
		at, badTime := time.Parse(time.RFC3339, born)
		raw, badSecret := base64.StdEncoding.DecodeString(secret)
		k := ticketKey{born: at}
		if badTime != nil || badSecret != nil || len(raw) != len(k.secret) {
			return nil
		}
		copy(k.secret[:], raw)
		keys = append(keys, k)
	}
	if lines.Err() != nil { // a line that is far too long
		return nil
	}
	return keys
}

// writeTickets replaces the file, for the owner alone.
func writeTickets(path string, keys []ticketKey) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing the keys of session tickets: %w", err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tickets-*") // 0600
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err == nil {
			_, err = fmt.Fprintf(f, "%s %s\n", k.born.Format(time.RFC3339), base64.StdEncoding.EncodeToString(k.secret[:]))
		}
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
