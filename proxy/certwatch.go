package proxy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"sterling/internal/config"
	proxytls "sterling/tls"
)

// settling is how long files must stay as they are before they are read: a
// certificate and its key are seldom replaced in one moment.
const settling = time.Second

// certificateWatch has certificates taken up when their files change, tells of
// those that end soon, and keeps the keys of session tickets. It has one
// goroutine, from start to close.
type certificateWatch struct {
	server *Server
	stop   chan struct{}
	done   sync.WaitGroup

	// What follows belongs to that goroutine.
	due    time.Time      // when the files are looked at again
	seen   string         // fingerprint of the last look
	failed string         // why the files could not be taken up, as it was logged; "": they were
	told   map[string]int // of what ends: the least that was left

	tickets   time.Time // when their keys were looked at
	ticketErr bool      // which failed, and was logged
}

func newCertificateWatch(s *Server) *certificateWatch {
	return &certificateWatch{server: s, stop: make(chan struct{}), told: make(map[string]int)}
}

// start makes the first keys of session tickets, if it must.
func (w *certificateWatch) start() {
	w.refreshTickets(time.Now())
	w.done.Go(w.run)
}

func (w *certificateWatch) close() {
	close(w.stop)
	w.done.Wait()
}

func (w *certificateWatch) run() {
	for {
		now := time.Now()
		w.tellOfEnds(now)
		if now.Sub(w.tickets) >= ticketsEvery {
			w.refreshTickets(now)
		}
		wait := ticketsEvery
		if every := w.server.snapshot.Load().cfg.TLS.Watch; every > 0 {
			if !now.Before(w.due) {
				if w.due = now.Add(every); w.look() {
					w.due = now.Add(min(every, settling))
				}
			}
			wait = min(wait, time.Until(w.due))
		}
		select {
		case <-w.stop:
			return
		case <-time.After(wait):
		}
	}
}

// look takes up files that have changed, once they have settled. It reports
// whether they have not.
func (w *certificateWatch) look() (unsettled bool) {
	snap := w.server.snapshot.Load()
	now := fingerprint(snap.cfg)
	settled := now == w.seen
	w.seen = now
	switch {
	case now == snap.files:
		w.fault("")
		return false
	case !settled:
		return true
	}
	// What has failed is tried at each look: its cause may be mended elsewhere.
	if err := w.server.refresh(); err != nil {
		if err.Error() != w.failed {
			w.server.log.Error().Err(err).Msg("changed certificates are not taken up; the old ones stay")
		}
		w.fault(err.Error())
		return false
	}
	w.fault("")
	return false
}

// fault keeps why files are not taken up, for the status.
func (w *certificateWatch) fault(why string) {
	if why != w.failed {
		w.failed = why
		w.server.filesFault.Store(&why)
	}
}

// refresh builds the configuration that is in force anew, from its files.
func (s *Server) refresh() error {
	s.reloadMu.Lock()
	defer s.reloadMu.Unlock()
	if s.ending.Load() {
		return nil
	}
	if _, err := s.exchange(s.snapshot.Load().cfg, false); err != nil {
		return err
	}
	var names []string
	for _, leaf := range s.snapshot.Load().certificates.Certificates() {
		names = append(names, leaf.String())
	}
	s.log.Info().Strs("certificates", names).Msg("changed certificates taken up")
	return nil
}

// Days before its end at which one is told of a certificate.
var warnAt = []int{21, 7, 1, 0}

// tellOfEnds warns of certificates that end soon, at each of these days once, and
// of revocation lists.
func (w *certificateWatch) tellOfEnds(now time.Time) {
	for _, leaf := range w.server.certificates.Certificates() {
		due := dueWarning(leaf, now)
		if due < 0 || !w.first(leaf.String(), due) {
			continue
		}
		level, message := zerolog.WarnLevel, "a certificate expires soon"
		if due == 0 {
			level, message = zerolog.ErrorLevel, "a certificate has expired"
			w.server.publishCertificates() // another one may bear its names
		}
		w.server.log.WithLevel(level).Strs("names", leaf.Names).Time("not_after", leaf.NotAfter.UTC()).Msg(message)
	}
	for _, list := range w.server.snapshot.Load().clients.RevocationEnds() {
		level, message, due := zerolog.WarnLevel, "a revocation list ends soon", 1
		if list.Over(now) {
			level, message, due = zerolog.ErrorLevel, "a revocation list has ended: nobody of its authority gets in", 0
		}
		if list.Soon(now) && w.first(list.Authority+" "+list.Ends.String(), due) {
			w.server.log.WithLevel(level).Str("authority", list.Authority).Time("ends", list.Ends.UTC()).Msg(message)
		}
	}
}

// first reports whether one has not been told yet that so little is left of what
// ends, and remembers it.
func (w *certificateWatch) first(what string, due int) bool {
	if last, told := w.told[what]; told && last <= due {
		return false
	}
	w.told[what] = due
	return true
}

// dueWarning is the least of warnAt that has come; -1: none has. One that is not
// much less than the whole life of the certificate is none, and one that is not
// much less than a third of it, if the door renews it by then.
func dueWarning(leaf proxytls.Leaf, now time.Time) int {
	due := -1
	left, life := leaf.NotAfter.Sub(now), leaf.NotAfter.Sub(leaf.NotBefore)
	most := life / 2
	if leaf.Managed {
		most = life / 4
	}
	for _, days := range warnAt {
		limit := time.Duration(days) * 24 * time.Hour
		if left <= limit && limit < most {
			due = days
		}
	}
	return due
}

// fingerprint changes when a file of a certificate does, or one comes or goes.
func fingerprint(cfg *config.Config) string {
	var b strings.Builder
	add := func(path string) {
		stat, err := os.Stat(path)
		if err != nil {
			fmt.Fprintf(&b, "%s -\n", path)
			return
		}
		fmt.Fprintf(&b, "%s %d %d %v %s\n", path, stat.Size(), stat.ModTime().UnixNano(), stat.Mode(), identity(stat))
	}
	for _, c := range cfg.TLS.Certificates {
		if c.Files == "" {
			add(c.Cert)
			add(c.Key)
			continue
		}
		matches, _ := proxytls.Matches(c.Files) // its form was checked
		for _, path := range matches {
			add(path)
			// Their keys may stand beside them, or inside.
			if stat, err := os.Stat(path); err == nil && stat.IsDir() {
				add(filepath.Join(path, "fullchain.pem"))
				add(filepath.Join(path, "privkey.pem"))
				continue
			}
			add(strings.TrimSuffix(path, filepath.Ext(path)) + ".key")
			add(filepath.Join(filepath.Dir(path), "privkey.pem"))
		}
	}
	for _, path := range cfg.TLS.ECH {
		add(path)
	}
	for _, c := range cfg.TLS.Clients {
		for _, path := range append([]string{c.CA}, c.CRL...) {
			if path != "" {
				add(path)
			}
		}
	}
	for _, p := range cfg.Pools {
		for _, path := range []string{p.TLS.CA, p.TLS.Cert, p.TLS.Key} {
			if path != "" {
				add(path)
			}
		}
	}
	return b.String()
}
