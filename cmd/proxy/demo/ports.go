package demo

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
)

// door is one address of the demo and the flag that changes it.
type door struct{ flag, address string }

func doors(o Options) []door {
	return []door{{"--https", o.HTTPS}, {"--http", o.HTTP}, {"--admin", o.Admin}}
}

// free tries every address, so that a taken port is told by the flag that
// changes it.
func free(o Options) error {
	for _, d := range doors(o) {
		if err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

func (d door) check() error {
	host, port, err := net.SplitHostPort(d.address)
	if err != nil {
		return fmt.Errorf("%s %q is no host:port", d.flag, d.address)
	}
	if ip, err := netip.ParseAddr(host); !strings.EqualFold(host, "localhost") && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("%s %s: the demo lets anybody who reaches it stop servers, so that it listens on loopback only; use 127.0.0.1:%s", d.flag, d.address, port)
	}
	ln, err := net.Listen("tcp", d.address)
	switch {
	case err == nil:
		return ln.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %s is taken; choose another with %s %s", port, d.flag, net.JoinHostPort(host, another(port)))
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %s is not for this user; choose another with %s %s", port, d.flag, net.JoinHostPort(host, another(port)))
	default:
		return fmt.Errorf("%s %s: %w", d.flag, d.address, err)
	}
}

// another is a port worth suggesting in place of one that cannot be had.
func another(port string) string {
	n, err := strconv.Atoi(port)
	if err != nil || n < 1 {
		return "0"
	}
	if n < 1024 {
		return strconv.Itoa(n + 8000)
	}
	if n > 64000 {
		return strconv.Itoa(n - 1000)
	}
	return strconv.Itoa(n + 1000)
}
