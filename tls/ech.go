package tls

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"sterling/internal/regular"
)

// Numbers of RFC 9849 and RFC 9180 for the one kind of key that is made here.
const (
	echVersion     = 0xfe0d
	kemX25519      = 0x0020
	kdfSHA256      = 0x0001
	aeadAES128GCM  = 0x0001
	aeadChaCha20   = 0x0003
	echMaxNameSize = 64 // to which names are padded
)

// ReadECH reads a key of encrypted client hellos: a PEM file with a PRIVATE KEY
// and an ECHCONFIG, as other servers take it. public is the name in the clear,
// which a certificate must serve.
func ReadECH(file string) (key tls.EncryptedClientHelloKey, public string, err error) {
	text, err := regular.Read(file)
	if err != nil {
		return key, "", err
	}
	if key, public, err = parseECH(text); err != nil {
		return tls.EncryptedClientHelloKey{}, "", fmt.Errorf("%s: %w", file, err)
	}
	return key, public, nil
}

func parseECH(text []byte) (key tls.EncryptedClientHelloKey, public string, err error) {
	var private *ecdh.PrivateKey
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			ok := false
			if private, ok = parsed.(*ecdh.PrivateKey); err != nil || !ok || private.Curve() != ecdh.X25519() {
				return key, "", errors.New("the private key is not one for X25519")
			}
			key.PrivateKey = private.Bytes()
		case "ECHCONFIG":
			if key.Config, err = onlyConfig(block.Bytes); err != nil {
				return key, "", err
			}
		}
	}
	if private == nil || key.Config == nil {
		return key, "", errors.New("it needs a PRIVATE KEY and an ECHCONFIG; `sterling keys ech` makes both")
	}
	of, public, err := readConfig(key.Config)
	if err == nil && !bytes.Equal(of, private.PublicKey().Bytes()) {
		err = errors.New("the ECHCONFIG is that of another key: no hello could be decrypted")
	}
	// So that clients with an old key get this one, and try again.
	key.SendAsRetry = true
	return key, public, err
}

// readConfig returns the public key and the public name of a configuration whose
// length was checked (RFC 9849, section 4).
func readConfig(config []byte) (key []byte, public string, err error) {
	damaged := errors.New("the ECHCONFIG is damaged")
	if len(config) < 7 {
		return nil, "", damaged
	}
	if binary.BigEndian.Uint16(config[5:]) != kemX25519 { // behind version, length and id
		return nil, "", errors.New("the ECHCONFIG is not one for X25519")
	}
	key, rest, ok := cutSized(config[7:], 2)
	suites, rest, ok2 := cutSized(rest, 2)
	if !ok || !ok2 || len(suites) == 0 || len(rest) < 1 {
		return nil, "", damaged
	}
	name, rest, ok := cutSized(rest[1:], 1) // behind the length that names are padded to
	_, rest, ok2 = cutSized(rest, 2)
	if !ok || !ok2 || len(rest) > 0 {
		return nil, "", damaged
	}
	if !isPublicName(string(name)) {
		return nil, "", fmt.Errorf("%q in the ECHCONFIG is no public name", string(name))
	}
	return key, string(name), nil
}

// cutSized cuts off what stands behind its length, which is of one byte or two.
func cutSized(b []byte, width int) (what, rest []byte, ok bool) {
	if len(b) < width {
		return nil, nil, false
	}
	n := int(b[width-1])
	if width == 2 {
		n |= int(b[0]) << 8
	}
	if b = b[width:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// isPublicName reports whether clients take a name as the public one: letters,
// digits and hyphens between dots, and no address (RFC 9849, section 4).
func isPublicName(name string) bool {
	labels := strings.Split(name, ".")
	if len(name) > 253 || len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.Trim(label, nameBytes) != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(last, "0x")
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

// onlyConfig takes the one configuration out of a list (RFC 9849, section 4).
func onlyConfig(list []byte) ([]byte, error) {
	if len(list) < 6 || int(binary.BigEndian.Uint16(list)) != len(list)-2 {
		return nil, errors.New("the ECHCONFIG is damaged")
	}
	config := list[2:]
	switch {
	case binary.BigEndian.Uint16(config) != echVersion:
		return nil, errors.New("the ECHCONFIG is of an unknown version")
	case int(binary.BigEndian.Uint16(config[2:])) != len(config)-4:
		return nil, errors.New("the ECHCONFIG is damaged, or holds more than one")
	}
	return config, nil
}

// NewECH makes a key of encrypted client hellos. public is the name that
// everybody may see: the door must have a certificate for it. The list is what
// belongs into the "ech" parameter of the names' HTTPS records, in base64 (RFC
// 9460).
func NewECH(public string) (file []byte, list string, err error) {
	if !isPublicName(public) {
		return nil, "", fmt.Errorf("%q is no public name: clients want letters, digits and hyphens, and a dot between", public)
	}
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, "", err
	}
	id := make([]byte, 1)
	_, _ = rand.Read(id) // it never fails

	body := append([]byte(nil), id[0])
	body = binary.BigEndian.AppendUint16(body, kemX25519)
	body = appendSized(body, private.PublicKey().Bytes())
	var suites []byte
	for _, aead := range []uint16{aeadAES128GCM, aeadChaCha20} {
		suites = binary.BigEndian.AppendUint16(suites, kdfSHA256)
		suites = binary.BigEndian.AppendUint16(suites, aead)
	}
	body = appendSized(body, suites)
	body = append(body, echMaxNameSize, byte(len(public)))
	body = append(body, public...)
	body = binary.BigEndian.AppendUint16(body, 0) // no extensions

	config := appendSized(binary.BigEndian.AppendUint16(nil, echVersion), body)
	configs := appendSized(nil, config)
	file = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	file = append(file, pem.EncodeToMemory(&pem.Block{Type: "ECHCONFIG", Bytes: configs})...)
	return file, base64.StdEncoding.EncodeToString(configs), nil
}

// appendSized appends bytes behind their number.
func appendSized(to, what []byte) []byte {
	return append(binary.BigEndian.AppendUint16(to, uint16(len(what))), what...) //nolint:gosec // a few hundred at most
}
