package tls

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
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
// and an ECHCONFIG, as other servers take it.
func ReadECH(file string) (tls.EncryptedClientHelloKey, error) {
	var key tls.EncryptedClientHelloKey
	text, err := os.ReadFile(file)
	if err != nil {
		return key, err
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "PRIVATE KEY":
			parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			private, ok := parsed.(*ecdh.PrivateKey)
			if err != nil || !ok || private.Curve() != ecdh.X25519() {
				return key, fmt.Errorf("%s: the private key is not one for X25519", file)
			}
			key.PrivateKey = private.Bytes()
		case "ECHCONFIG":
			if key.Config, err = onlyConfig(block.Bytes); err != nil {
				return key, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	if key.PrivateKey == nil || key.Config == nil {
		return key, fmt.Errorf("%s: it needs a PRIVATE KEY and an ECHCONFIG; `sterling keys ech` makes both", file)
	}
	// So that clients with an old key get this one, and try again.
	key.SendAsRetry = true
	return key, nil
}

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
	if len(public) > 255 || !strings.Contains(strings.Trim(public, "."), ".") {
		return nil, "", fmt.Errorf("%q is no public name: clients want one with a dot", public)
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
