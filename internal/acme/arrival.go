package acme

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"time"
)

// arrival is when a certificate came from the authority. It outlives the
// process, and is the same for all that share a Storage: one that came late would
// be ordered once more at each start.
type arrival struct {
	Certificate string    `json:"certificate"` // its fingerprint: of any other, this says nothing
	Time        time.Time `json:"time"`
}

// skew is how far the clocks of machines that share a Storage may be apart.
const skew = time.Hour

// readArrival returns when a certificate came; zero: that is not known, as of one
// that somebody else has put there, or a clock was wrong.
func readArrival(ctx context.Context, s Storage, name string, cert *tls.Certificate) time.Time {
	var a arrival
	data, err := s.Get(ctx, arrivalKey+name+".json")
	if err != nil || json.Unmarshal(data, &a) != nil || a.Certificate != fingerprint(cert.Certificate[0]) {
		return time.Time{}
	}
	if a.Time.After(time.Now().Add(skew)) {
		return time.Time{} // else it would be waited for that time, and the floor after it
	}
	return a.Time
}

func (a arrival) store(ctx context.Context, s Storage, name string) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	return s.Put(ctx, arrivalKey+name+".json", append(data, '\n'))
}
