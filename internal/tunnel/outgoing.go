package tunnel

// outgoing follows what is written to the client: the head of the 101 answer,
// then the tunnel.
type outgoing struct {
	websocket bool
	matched   int // bytes of headEnd that have just passed; all of them: the head is over
	frames    frames
}

// headEnd ends the head of an HTTP/1.1 answer (RFC 9112 section 2.1).
const headEnd = "\r\n\r\n"

func (o *outgoing) headDone() bool { return o.matched == len(headEnd) }

// boundary tells whether something of our own may be written now.
func (o *outgoing) boundary() bool {
	return o.headDone() && (!o.websocket || o.frames.boundary())
}

// next passes p up to the next place where boundary may be true, or all of it.
func (o *outgoing) next(p []byte) int {
	switch {
	case !o.headDone():
		return o.head(p)
	case o.websocket:
		return o.frames.next(p)
	}
	return len(p)
}

func (o *outgoing) head(p []byte) int {
	for i, c := range p {
		switch {
		case c == headEnd[o.matched]:
			o.matched++
		case c == headEnd[0]:
			o.matched = 1
		default:
			o.matched = 0
		}
		if o.headDone() {
			return i + 1
		}
	}
	return len(p)
}

// all passes the whole of p and returns how many bytes of it belong to the
// tunnel rather than the head.
func (o *outgoing) all(p []byte) (tunnelled int64) {
	if !o.headDone() {
		p = p[o.head(p):]
	}
	tunnelled = int64(len(p))
	if o.websocket {
		o.frames.all(p)
	}
	return tunnelled
}
