package demo

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"strings"
	"text/template"
)

// poolName is the pool of the three servers.
const poolName = "app"

//go:embed sterling.toml.tmpl
var configText string

// write makes the certificate and the configuration file.
func (d *Demo) write(control net.Addr) error {
	if err := makeCertificate(d.dir); err != nil {
		return err
	}
	// The addresses are checked ones and the names are ours, so that nothing
	// needs quoting.
	tmpl, err := template.New("configuration").Parse(configText)
	if err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	type backend struct{ Name, Address string }
	data := struct {
		HTTPS, HTTP, Admin, Control string
		Backends                    []backend
	}{d.opts.HTTPS, d.opts.HTTP, d.opts.Admin, control.String(), nil}
	for _, c := range d.herd.children {
		data.Backends = append(data.Backends, backend{c.name, c.address})
	}
	var text strings.Builder
	if err := tmpl.Execute(&text, data); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	if err := os.WriteFile(d.Config(), []byte(text.String()), 0o600); err != nil {
		return fmt.Errorf("writing the demo's configuration: %w", err)
	}
	return nil
}
