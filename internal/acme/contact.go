package acme

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/crypto/acme"
)

// contactTime is how long the authority may take to learn of an address.
const contactTime = 2 * time.Minute

// contact tells the authority the e-mail address, where that is not the one which
// it was told last (RFC 8555, section 7.3.2): an order tells only of a new
// account. What fails is tried again for as long as the Manager lives; no order
// waits for it.
func (m *Manager) contact() {
	for n := 0; ; n++ {
		told, err := m.tellContact()
		if m.ctx.Err() != nil {
			return
		}
		if err == nil {
			if told {
				m.tell(Event{Contact: m.opts.Email})
			}
			return
		}
		wait := waits[min(n, len(waits)-1)]
		if !errors.Is(err, ErrLocked) { // else another process is telling it
			m.tell(Event{Contact: m.opts.Email, Err: err, Next: time.Now().Add(wait)})
		}
		timer := time.NewTimer(wait)
		select {
		case <-m.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// tellContact reports whether there was anything to tell.
func (m *Manager) tellContact() (told bool, err error) {
	// None at all cannot be told: the client leaves an empty list out.
	if m.opts.Email == "" || m.contactIs() {
		return false, nil
	}
	if _, err := readAccount(m.ctx, m.opts.Storage); err != nil {
		return false, nil //nolint:nilerr // the first order tells it, or what is wrong with the key
	}
	release, err := m.opts.Storage.Lock("account")
	if err != nil {
		return false, err
	}
	defer release()
	if m.contactIs() {
		return false, nil // by another process
	}
	ctx, cancel := context.WithTimeout(m.ctx, contactTime)
	defer cancel()
	client, err := m.client(ctx, "")
	if err != nil {
		return false, err
	}
	account, err := client.GetReg(ctx, "")
	if errors.Is(err, acme.ErrNoAccount) {
		return false, nil // as above
	}
	if err != nil {
		return false, fmt.Errorf("finding the account: %w", err)
	}
	want := []string{"mailto:" + m.opts.Email}
	if !slices.Equal(account.Contact, want) {
		told, client.KID = true, acme.KeyID(account.URI)
		if _, err := client.UpdateReg(ctx, &acme.Account{Contact: want}); err != nil {
			return false, fmt.Errorf("changing the account: %w", err)
		}
	}
	return told, m.storeContact()
}

// contactIs reports whether the address is the one that was told last.
func (m *Manager) contactIs() bool {
	data, err := m.opts.Storage.Get(m.ctx, contactKey)
	return err == nil && string(data) == m.opts.Email+"\n"
}

// storeContact remembers that the address was told.
func (m *Manager) storeContact() error {
	return m.opts.Storage.Put(m.ctx, contactKey, []byte(m.opts.Email+"\n"))
}
