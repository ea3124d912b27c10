//go:build !linux

package notify

import (
	"errors"
	"time"
)

// monotonic is of no use where there is no systemd.
func monotonic() (time.Duration, error) { return 0, errors.ErrUnsupported }
