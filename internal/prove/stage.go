package prove

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sterling/internal/config"
	proxytls "sterling/tls"
)

// stage is everything that a rehearsal needs, running.
type stage struct {
	o          Options
	folder     string
	spawn      *spawner
	casts      []*cast  // one a pool, in the order of the configuration
	addresses  []string // one a listener, likewise
	targets    []target
	roots      *x509.CertPool
	front      *front
	generation int
	seen       logReader // of the access log
	told       logReader // of the process log
}

// cast is the backends of one pool.
type cast struct {
	pool     config.Pool
	children []*child // none with Live
}

// certificateLife is longer than any rehearsal.
const certificateLife = 7 * 24 * time.Hour

// openStage starts the backends and the front door before them.
func openStage(ctx context.Context, o Options, folder string) (_ *stage, err error) {
	s := &stage{o: o, folder: folder, spawn: newSpawner()}
	s.seen.path, s.told.path = filepath.Join(folder, accessFile), filepath.Join(folder, logFile)
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if err := s.startBackends(ctx); err != nil {
		return nil, err
	}
	if err := s.certify(); err != nil {
		return nil, err
	}
	for range 3 { // somebody else may take an address before the front door does
		if s.addresses, err = free(len(o.Config.Listeners)); err != nil {
			return nil, err
		}
		if err = s.write(0); err != nil {
			return nil, err
		}
		if s.front, err = startFront(ctx, s); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	if s.targets = aim(o.Config, s.addresses); len(s.targets) == 0 {
		return nil, errors.New("no route leads from an http or https listener to a pool")
	}
	return s, nil
}

func (s *stage) startBackends(ctx context.Context) error {
	for _, p := range s.o.Config.Pools {
		c := &cast{pool: p}
		s.casts = append(s.casts, c)
		if s.o.Live {
			continue
		}
		for _, b := range p.Backends {
			if err := ctx.Err(); err != nil {
				return err
			}
			one := &child{
				name: p.Name + "/" + b.Name, args: s.o.Backend, program: s.o.Program,
				status: 200, spawn: s.spawn, ran: make(map[string]int),
			}
			if p.Health != nil {
				one.status, one.word = max(p.Health.StatusMin, 200), p.Health.DrainWord
			}
			if err := one.start(); err != nil {
				return err
			}
			c.children = append(c.children, one)
		}
	}
	return nil
}

// certify makes the certificate that the copy serves, and trusts it.
func (s *stage) certify() error {
	cert, key, err := proxytls.SelfSigned(hosts(s.o.Config), certificateLife)
	if err != nil {
		return err
	}
	s.roots = x509.NewCertPool()
	s.roots.AppendCertsFromPEM(cert)
	return errors.Join(
		os.WriteFile(filepath.Join(s.folder, certFile), cert, 0o600),
		os.WriteFile(filepath.Join(s.folder, keyFile), key, 0o600))
}

// close ends every process.
func (s *stage) close() {
	if s.front != nil {
		s.front.end()
	}
	for _, c := range s.casts {
		for _, one := range c.children {
			one.kill()
		}
	}
	s.spawn.close()
}

// driven are the pools that have visitors.
func (s *stage) driven() []*cast {
	return slices.DeleteFunc(slices.Clone(s.casts), func(c *cast) bool {
		return !slices.ContainsFunc(s.targets, func(t target) bool { return t.pool == c.pool.Name })
	})
}

// wellLimit is how long backends may take to be taken for well again, and liveLimit
// how long those are waited for that nobody here can help.
const (
	wellLimit = 60 * time.Second
	liveLimit = 5 * time.Second
)

// well waits until the front door has nothing against any backend. With Live, what
// it has is only noted.
func (s *stage) well(ctx context.Context) (notes []string, err error) {
	limit := wellLimit
	if s.o.Live {
		limit = liveLimit
	}
	var bad string
	err = until(ctx, limit, func() bool {
		status, err := s.front.admin.Status(ctx)
		if err != nil {
			bad = err.Error()
			return false
		}
		bad = ""
		for _, p := range status.Pools {
			for _, b := range p.Backends {
				if b.State != "up" && b.State != "unproven" {
					bad = fmt.Sprintf("%s/%s is %s: %s", p.Name, b.Name, b.State, b.Reason)
				}
			}
		}
		return bad == ""
	})
	switch {
	case err == nil || bad == "":
		return nil, err
	case s.o.Live && errors.Is(err, errLate):
		return []string{"from the beginning, " + bad}, nil
	}
	return nil, fmt.Errorf("%w: %s", err, bad)
}

// upAgain waits until the front door takes a backend for well.
func (s *stage) upAgain(ctx context.Context, pool, backend string) error {
	return until(ctx, wellLimit, func() bool {
		status, err := s.front.admin.Status(ctx)
		if err != nil {
			return false
		}
		for _, p := range status.Pools {
			for _, b := range p.Backends {
				if p.Name == pool && b.Name == backend {
					return b.State == "up" || b.State == "unproven"
				}
			}
		}
		return false
	})
}

var errLate = errors.New("waited for too long")

// until looks again and again until it is so.
func until(ctx context.Context, limit time.Duration, so func() bool) error {
	end := time.Now().Add(limit)
	for !so() {
		if time.Now().After(end) {
			return errLate
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// pause sleeps for d, less when the rehearsal is given up.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
