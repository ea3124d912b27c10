package headers

// Room is space for the values of headers. It is for a caller who has one
// request after the other: each borrows, and gives everything back with
// [Room.Reset], so that setting headers allocates nothing. The zero value is
// ready; it serves one request at a time.
type Room struct {
	all  []string
	used int
}

const (
	roomStep = 16 // values; more than an ordinary request has
	roomKept = 64 // more are not kept after a request that was none
)

// Lend returns an empty slice with room for n values and no more, to be put
// into a header. It is the borrower's until Reset.
func (r *Room) Lend(n int) []string {
	if r.used+n > len(r.all) {
		// What was lent before stays with those who have it.
		r.all, r.used = make([]string, max(roomStep, 2*len(r.all), n)), 0
	}
	lent := r.all[r.used : r.used : r.used+n]
	r.used += n
	return lent
}

// one returns a slice of one value, in which there is no room for another.
func (r *Room) one(value string) []string { return append(r.Lend(1), value) }

// Reset takes back all that was lent. Nobody may use a header that holds some
// of it any more: an exchange resets its room when the backend's answer was
// read to its end and its own was written.
func (r *Room) Reset() {
	if len(r.all) > roomKept {
		r.all = nil
	}
	clear(r.all) // or the strings would keep the heads of old requests
	r.used = 0
}
