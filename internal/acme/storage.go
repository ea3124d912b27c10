package acme

import (
	"context"
	"errors"
)

// Errors of a Storage.
var (
	// ErrNone says that nothing is stored under a key.
	ErrNone = errors.New("nothing is stored there")
	// ErrLocked says that another process has the lock.
	ErrLocked = errors.New("another process is at it")
)

// Storage is where certificates, keys and failures are kept. Processes that
// share one share their certificates. Keys are paths of a few parts: letters,
// digits and "-_.+", with "/" between them.
type Storage interface {
	// Get returns what was put there last; ErrNone when nothing was.
	Get(ctx context.Context, key string) ([]byte, error)
	// Put replaces all of it or nothing.
	Put(ctx context.Context, key string, data []byte) error
	// Delete removes it. It is no error that there is none.
	Delete(ctx context.Context, key string) error
	// Lock takes the lock of a name, or fails at once: with ErrLocked when
	// somebody else has it. It is free again after release, and when the
	// process ends, however it ends.
	Lock(name string) (release func(), err error)
}

// Keys in a Storage.
const (
	accountKey     = "account.key"
	contactKey     = "account.contact" // the e-mail address that the authority was told
	certificateKey = "certificates/"   // NAME.pem: key and chain
	arrivalKey     = "arrivals/"       // NAME.json: when that certificate came
	failureKey     = "failures/"       // NAME.json
	challengeKey   = "challenges/"     // what is being proved right now
	revokedKey     = "revoked/"        // NAME: the hash of a certificate that is to be replaced
)
