package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"sterling/internal/accesslog"
	"sterling/internal/config"
)

// lookUpTime bounds how long the name of a listener's address is looked up.
const lookUpTime = 5 * time.Second

// foresee finds what a start would fail at beside what examine finds: places that
// cannot be written to, listeners whose names lead nowhere, a syslog that is not
// there. A process that runs is beyond that, and is not held up by it.
func foresee(ctx context.Context, cfg *config.Config) config.Problems {
	found := config.CheckPlaces(cfg)
	for i, l := range cfg.Listeners {
		if err := resolves(ctx, l.Address); err != nil {
			found = append(found, cfg.Problem(fmt.Sprintf("listener[%d].address", i), err.Error(), unresolved))
		}
	}
	if err := resolves(ctx, cfg.Admin.Address); err != nil {
		found = append(found, cfg.Problem("admin.address", err.Error(), unresolved))
	}
	if cfg.AccessLog.Output == "syslog" {
		if err := accesslog.CheckSyslog(); err != nil {
			found = append(found, cfg.Problem("access_log.output", err.Error(), "start one, mount its socket, or name a file or stdout"))
		}
	}
	return found
}

const unresolved = "write an address of this machine, or add the name to /etc/hosts"

// resolves looks up the host of an address, where it is a name.
func resolves(ctx context.Context, address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.HasPrefix(address, "fd:") || strings.HasPrefix(address, "unix:") {
		return nil
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	if _, err = net.DefaultResolver.LookupNetIP(ctx, "ip", host); err == nil {
		return nil
	}
	var none *net.DNSError
	if errors.As(err, &none) {
		return fmt.Errorf("%q does not resolve: %s", host, none.Err)
	}
	return fmt.Errorf("%q does not resolve: %w", host, err)
}
