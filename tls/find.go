package tls

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sterling/internal/regular"
)

// Find returns the pairs that a pattern of [filepath.Match] names, in the order
// of their file names, which is their order of preference. The pattern is for
// certificate files, or for folders of those that an ACME client keeps
// (fullchain.pem and privkey.pem); a folder named as it is, that holds no such
// pair, stands for all in it. The key of one is in
//
//   - the file itself, if that holds one;
//   - privkey.pem beside fullchain.pem;
//   - the file with .key in place of .pem, .crt or .cer.
//
// Files that hold no certificate, as those keys, are passed over. It is an error
// if none is found, or a certificate has no key in any of these places.
func Find(pattern string) ([]Pair, error) {
	matches, err := Matches(pattern)
	if err != nil {
		return nil, err
	}
	var pairs []Pair
	for _, path := range matches {
		if stat, err := os.Stat(path); err == nil && stat.IsDir() {
			if path = filepath.Join(path, "fullchain.pem"); !there(path) {
				continue
			}
		}
		pair, ok, err := pairOf(path)
		if err != nil {
			return nil, err
		}
		if ok {
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) == 0 {
		return nil, errors.New("no certificate is there")
	}
	return pairs, nil
}

// Matches are the files and folders that Find looks into for a pattern.
func Matches(pattern string) ([]string, error) {
	if stat, err := os.Stat(pattern); err == nil && stat.IsDir() && !there(filepath.Join(pattern, "fullchain.pem")) {
		pattern = filepath.Join(pattern, "*")
	}
	return filepath.Glob(pattern)
}

// pairOf finds the key of a certificate; false: the file holds no certificate.
func pairOf(path string) (Pair, bool, error) {
	text, err := regular.Read(path)
	if err != nil {
		return Pair{}, false, err
	}
	// One whose beginning is damaged is no reason to go without it.
	if !bytes.Contains(text, []byte("-----BEGIN CERTIFICATE-----")) && !bytes.Contains(text, []byte("-----END CERTIFICATE-----")) {
		return Pair{}, false, nil
	}
	if bytes.Contains(text, []byte("PRIVATE KEY-----")) {
		return Pair{Cert: path, Key: path}, true, nil
	}
	var tried []string
	if dir, name := filepath.Split(path); name == "fullchain.pem" {
		tried = append(tried, filepath.Join(dir, "privkey.pem"))
	}
	switch ext := filepath.Ext(path); ext {
	case ".pem", ".crt", ".cer":
		tried = append(tried, strings.TrimSuffix(path, ext)+".key")
	}
	for _, key := range tried {
		if there(key) {
			return Pair{Cert: path, Key: key}, true, nil
		}
	}
	if len(tried) == 0 {
		return Pair{}, false, fmt.Errorf("%s holds no key", path)
	}
	return Pair{}, false, fmt.Errorf("%s holds no key, and there is no %s", path, strings.Join(tried, " and no "))
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
