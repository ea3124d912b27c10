package acme

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/acme"
)

// saveAgain is when it is tried again to store a certificate.
const saveAgain = time.Minute

// ErrUnknownName says that a name is not on the list.
var ErrUnknownName = errors.New("no certificate is kept for that name")

// attend does what is due for a name: it takes up what another process has
// stored, stores what could not be stored before, or orders. It reports whether
// there is anything to tell.
func (m *Manager) attend(s *site) (e Event, told bool) {
	e.Name = s.name
	release, err := m.opts.Storage.Lock(s.name)
	if err != nil {
		if !errors.Is(err, ErrLocked) {
			return m.failed(s, fmt.Errorf("locking: %w", err), time.Time{}), true
		}
		return m.busy(s)
	}
	defer release()

	m.mu.Lock()
	taken := m.takeUp(s, &e, true)
	unsaved := s.unsaved
	s.schedule()
	due := !s.next().After(time.Now())
	m.mu.Unlock()
	if unsaved != nil {
		saved := m.save(s, unsaved)
		if !due {
			return saved, true
		}
		taken = true // where it goes on failing, an order is none the less due in time
	}
	if !due || m.ctx.Err() != nil {
		return e, taken
	}
	o, told := m.place(s)
	if o.Certificate == nil {
		o.Certificate = e.Certificate // what was taken up is served, whatever became of the order
	}
	return o, told || taken
}

// place orders. The caller has the name's lock.
func (m *Manager) place(s *site) (e Event, told bool) {
	m.mu.Lock()
	before := s.failure
	m.mu.Unlock()
	if err := before.after(time.Now(), time.Time{}, errInterrupted).store(m.ctx, m.opts.Storage, s.name); err != nil {
		return m.failed(s, fmt.Errorf("an order could not be remembered, so none was made: %w", err), time.Time{}), true
	}
	challenge := m.opts.Challenges[before.Count%len(m.opts.Challenges)]
	o := &order{m: m, name: s.name}
	cert, data, err := o.run(challenge)
	if errors.Is(err, ErrLocked) { // another process makes the account
		m.forget(s, before)
		return m.busy(s)
	}
	if err != nil {
		var until time.Time
		if o.wire != nil {
			err, until = o.wire.failure(err)
		}
		return m.failed(s, err, until), true
	}
	e.Name = s.name
	m.mu.Lock()
	s.cert, s.forced, s.failure, s.since = cert, false, Failure{}, time.Now()
	s.unsaved, s.unstored = nil, Unstored{} // an older one's
	s.schedule()
	e.Certificate, e.Ordered, e.Next = cert, true, s.due
	late := s.late(time.Now())
	m.mu.Unlock()
	if late {
		e.Err = fmt.Errorf("the certificate came with a third of its life left, or less: it ends on %s; is this machine's clock right?", cert.Leaf.NotAfter.Format(time.RFC3339))
	}
	if saved := m.save(s, data); saved.Err != nil {
		e.Err, e.Next = saved.Err, saved.Next
	}
	if err := m.opts.Storage.Delete(m.ctx, failureKey+s.name+".json"); err != nil && e.Err == nil {
		e.Err = err
	}
	return e, true
}

// forget takes back that an order was begun.
func (m *Manager) forget(s *site, before Failure) {
	if before.Count > 0 {
		_ = before.store(m.ctx, m.opts.Storage, s.name) // or it is waited for a little longer
		return
	}
	_ = m.opts.Storage.Delete(m.ctx, failureKey+s.name+".json") // as above
}

// busy leaves a name to the process that is at it, and looks again soon.
func (m *Manager) busy(s *site) (e Event, told bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Name = s.name
	s.due = time.Now().Add(lookAgain)
	return e, m.takeUp(s, &e, false)
}

// takeUp looks for what another process has stored: a certificate, or a failure
// that is to be waited for. The caller has m.mu, and, where locked, the name's lock.
func (m *Manager) takeUp(s *site, e *Event, locked bool) bool {
	f := readFailure(m.ctx, m.opts.Storage, s.name)
	if f.Last.After(s.failure.Last) && !s.forced && (locked || !f.interrupted()) {
		s.failure = f
	}
	cert, err := readCertificate(m.ctx, m.opts.Storage, s.name)
	if err != nil || !replaces(cert, s.cert) || s.unsaved != nil && !cert.Leaf.NotBefore.After(s.cert.Leaf.NotBefore) {
		if s.cert != nil && isRevoked(m.ctx, m.opts.Storage, s.name, s.cert) && !s.forced {
			s.forced, s.due = true, s.failure.Next // the process that has revoked it may be gone
		}
		return false
	}
	revoked := isRevoked(m.ctx, m.opts.Storage, s.name, cert)
	if revoked && s.cert != nil && time.Now().Before(s.cert.Leaf.NotAfter) {
		return false // what is served is better
	}
	// One that is revoked is better than none, and no success.
	s.cert, s.forced = cert, revoked
	if !revoked {
		s.failure = Failure{}
	}
	s.unsaved, s.unstored = nil, Unstored{} // an older one's
	s.since = readArrival(m.ctx, m.opts.Storage, s.name, cert)
	s.schedule()
	e.Certificate, e.Next = cert, s.due
	return true
}

// save stores a certificate, and when it came. What cannot be stored is tried
// again: it is served all the same, and to order another one would help nobody.
func (m *Manager) save(s *site, data []byte) Event {
	m.mu.Lock()
	a := arrival{Certificate: fingerprint(s.cert.Certificate[0]), Time: s.since.UTC()}
	m.mu.Unlock()
	// First when it came: who takes it up wants to know that.
	err := a.store(m.ctx, m.opts.Storage, s.name)
	if err == nil {
		err = m.opts.Storage.Put(m.ctx, certificateKey+s.name+".pem", data)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		now := time.Now()
		if s.unsaved == nil {
			s.unstored.Since = now.UTC()
		}
		s.unsaved, s.unstored.Next, s.unstored.Error = data, now.Add(saveAgain).UTC(), err.Error()
		s.schedule()
		return Event{Name: s.name, Err: fmt.Errorf("the certificate is served, but cannot be stored: %w", err), Next: s.unstored.Next}
	}
	s.unsaved, s.unstored = nil, Unstored{}
	s.schedule()
	// The one that was revoked is gone by now, and not before.
	return Event{Name: s.name, Next: s.due, Err: m.opts.Storage.Delete(m.ctx, revokedKey+s.name)}
}

// failed remembers a failure. One that is the door's own end is none.
func (m *Manager) failed(s *site, err error, until time.Time) Event {
	if m.ctx.Err() != nil {
		return Event{Name: s.name, Err: m.ctx.Err()}
	}
	m.mu.Lock()
	s.failure = s.failure.after(time.Now(), until, err)
	s.forced = s.forced && s.cert != nil
	s.schedule()
	f := s.failure
	m.mu.Unlock()
	if stored := f.store(m.ctx, m.opts.Storage, s.name); stored != nil {
		err = errors.Join(err, fmt.Errorf("this cannot be remembered: %w", stored))
	}
	return Event{Name: s.name, Err: err, Next: f.Next}
}

// Renew orders a certificate now, whatever there is and whatever has failed.
func (m *Manager) Renew(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sites[name]
	if s == nil {
		return ErrUnknownName
	}
	s.forced, s.failure, s.due = true, Failure{}, time.Time{}
	m.look()
	return nil
}

// Revoke has the authority revoke the certificate that is served for a name (RFC
// 8555, section 7.6), and orders another one.
func (m *Manager) Revoke(ctx context.Context, name string) error {
	m.mu.Lock()
	s := m.sites[name]
	if s == nil || s.cert == nil {
		m.mu.Unlock()
		return ErrUnknownName
	}
	der := s.cert.Certificate[0]
	m.mu.Unlock()
	client, err := m.client(ctx, "")
	if err != nil {
		return err
	}
	if err := client.RevokeCert(ctx, nil, der, acme.CRLReasonUnspecified); err != nil {
		return fmt.Errorf("revoking the certificate of %s: %w", name, err)
	}
	// It must not be taken for a good one after a restart.
	err = m.opts.Storage.Put(ctx, revokedKey+name, []byte(fingerprint(der)))
	if err != nil {
		err = fmt.Errorf("the certificate of %s is revoked, but that cannot be remembered: %w", name, err)
	}
	return errors.Join(err, m.Renew(name))
}

// isRevoked reports whether cert was revoked here, and not replaced since.
func isRevoked(ctx context.Context, s Storage, name string, cert *tls.Certificate) bool {
	data, err := s.Get(ctx, revokedKey+name)
	return err == nil && string(data) == fingerprint(cert.Certificate[0])
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
