package proxy

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quic-go/quic-go"

	"sterling/internal/regular"
)

// resetKeyFile is the file's name in the state folder.
const resetKeyFile = "http3-reset.key"

// loadResetKey reads the key by which a process can tell the clients of one that
// was killed that their connections are gone (RFC 9000, section 10.3); without,
// they would wait in vain until they give up. It is made if there is none;
// processes that do so at once end up with the same.
func loadResetKey(dir string) (*quic.StatelessResetKey, error) {
	path := filepath.Join(dir, resetKeyFile)
	key, err := readResetKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := writeResetKey(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("writing the key of HTTP/3 resets: %w", err)
	}
	return readResetKey(path)
}

func readResetKey(path string) (*quic.StatelessResetKey, error) {
	text, err := regular.Read(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key of HTTP/3 resets: %w", err)
	}
	key := new(quic.StatelessResetKey)
	line := strings.TrimSpace(string(text))
	// The library takes line ends anywhere, and any bits behind the last byte.
	secret, err := base64.StdEncoding.DecodeString(line)
	if err != nil || len(secret) != len(key) || base64.StdEncoding.EncodeToString(secret) != line {
		return nil, fmt.Errorf("reading the key of HTTP/3 resets: %s is damaged; remove it, and the next start makes another", path)
	}
	copy(key[:], secret)
	return key, nil
}

// writeResetKey makes the file, whole and for the owner alone, if there is none.
func writeResetKey(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".reset-*") // 0600
	if err != nil {
		return err
	}
	var secret quic.StatelessResetKey
	_, _ = rand.Read(secret[:]) // it never fails
	_, err = fmt.Fprintln(f, base64.StdEncoding.EncodeToString(secret[:]))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Link(f.Name(), path)
	}
	return errors.Join(err, os.Remove(f.Name()))
}
