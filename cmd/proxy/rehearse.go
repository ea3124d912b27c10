package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"sterling/internal/acme"
	"sterling/internal/config"
	"sterling/proxy"
	proxytls "sterling/tls"
)

// rehearsalTime is how long all orders of a rehearsal may take.
const rehearsalTime = 3 * time.Minute

// describeACME says what would be ordered, from whom, and where that one asks.
func describeACME(w io.Writer, cfg *config.Config) error {
	if cfg.TLS.ACME == nil {
		return nil
	}
	directory := cfg.TLS.ACME.Directory
	if directory == "" {
		directory = acme.DefaultDirectory
	}
	_, err := fmt.Fprintf(w, "certificates are ordered from %s for: %s\n", directory, strings.Join(proxy.Ordered(cfg), ", "))
	if err != nil || reachable(cfg) {
		return failed(err)
	}
	_, err = fmt.Fprintln(w, "no listener has port 80 (http) or 443 (https), where the authority asks: one of them must lead here")
	return failed(err)
}

// reachable reports whether a listener has a port at which an authority asks. Of a
// passed socket nobody knows.
func reachable(cfg *config.Config) bool {
	return slices.ContainsFunc(cfg.Listeners, func(l config.Listener) bool {
		_, port, err := net.SplitHostPort(l.Address)
		return err != nil || port == map[string]string{"http": "80", "https": "443"}[l.Protocol]
	})
}

// rehearsal orders a certificate for each name from an authority for tests, and
// throws them away.
type rehearsal struct {
	env
	cfg     *config.Config
	manager *acme.Manager
	events  chan acme.Event
	servers []*http.Server
}

// rehearseOrders orders from directory what cfg would have ordered. A process that runs
// cfg answers the authority; where none does, this one opens the listeners.
func rehearseOrders(ctx context.Context, e env, cfg *config.Config, directory string) (err error) {
	if cfg.TLS.ACME == nil {
		return usage("the file has no [tls.acme]: there is nothing to order", "")
	}
	own, err := os.MkdirTemp("", "sterling-rehearsal-")
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	options, err := proxy.ACMEOptions(cfg)
	if err != nil {
		return failed(err)
	}
	r := &rehearsal{env: e, cfg: cfg, events: make(chan acme.Event)}
	names := proxy.Ordered(cfg)
	ctx, cancel := context.WithTimeout(ctx, rehearsalTime)
	defer cancel()
	options.Names, options.Directory = names, directory
	options.Storage = acme.Rehearsal(acme.Folder(own), options.Storage)
	options.OnEvent = func(e acme.Event) {
		select {
		case r.events <- e:
		case <-ctx.Done():
		}
	}
	if r.manager, err = acme.New(options); err != nil {
		return failed(err)
	}
	if err := r.open(); err != nil {
		r.manager.Close()
		return err
	}
	defer r.close()
	if _, err := fmt.Fprintf(e.stdout, "rehearsing with %s\n", directory); err != nil {
		return failed(err)
	}
	r.manager.Start()
	err = r.await(ctx, names)
	cancel() // whoever still wants to tell something does not hold up the end
	r.manager.Close()
	return err
}

// open listens where the door would.
func (r *rehearsal) open() error {
	for _, l := range r.cfg.Listeners {
		if strings.HasPrefix(l.Address, "fd:") {
			continue
		}
		socket, err := net.Listen("tcp", l.Address) //nolint:noctx // it is a moment's work
		if errors.Is(err, syscall.EADDRINUSE) {
			_, _ = fmt.Fprintf(r.stdout, "%s is in use: whoever runs there has to answer the authority\n", l.Address)
			continue
		}
		if err != nil {
			r.close()
			return failed(fmt.Errorf("listener %s: %w", l.Name, err))
		}
		if l.Protocol == "https" {
			socket = tls.NewListener(socket, new(proxytls.Store).ServerConfig(proxytls.Options{Keeper: r.manager}))
		}
		s := &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second, ErrorLog: stdlog.New(io.Discard, "", 0)}
		r.servers = append(r.servers, s)
		go func() { _ = s.Serve(socket) }() // until close
	}
	return nil
}

func (r *rehearsal) close() {
	for _, s := range r.servers {
		_ = s.Close() // there is nobody to lose
	}
}

// ServeHTTP answers the authority, and nobody else.
func (r *rehearsal) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	answer := r.manager.Token(req.Context(), req.URL.Path)
	if answer == nil {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(answer) // the authority asks again where it fails
}

// await waits until it is known of each name what became of its order.
func (r *rehearsal) await(ctx context.Context, names []string) error {
	wrong := 0
	for left := slices.Clone(names); len(left) > 0; {
		select {
		case <-ctx.Done():
			return failed(fmt.Errorf("no answer about %s within %v", strings.Join(left, ", "), rehearsalTime))
		case e := <-r.events:
			i := slices.Index(left, e.Name)
			if i < 0 {
				continue
			}
			left = slices.Delete(left, i, i+1)
			verdict := "good"
			if e.Certificate == nil {
				wrong++
				verdict = e.Err.Error()
			}
			if _, err := fmt.Fprintf(r.stdout, "%s: %s\n", e.Name, verdict); err != nil {
				return failed(err)
			}
		}
	}
	if wrong > 0 {
		return failed(fmt.Errorf("%d of %s could not be had", wrong, count(len(names), "certificate")))
	}
	return nil
}
