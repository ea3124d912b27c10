package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	proxytls "sterling/tls"
)

// certificateLife is longer than anybody leaves a demo running, and short
// enough that nobody takes the certificate for anything else.
const certificateLife = 7 * 24 * time.Hour

// makeCertificate puts cert.pem and key.pem into dir.
func makeCertificate(dir string) error {
	cert, key, err := proxytls.SelfSigned([]string{"localhost", "127.0.0.1", "::1"}, certificateLife)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"cert.pem": cert, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return fmt.Errorf("writing the demo's certificate: %w", err)
		}
	}
	return nil
}
