package http1

import "net/http"

// Memory is what an exchange and its answer are made of. One that is given to
// exchange after exchange saves them nearly every allocation. The zero value
// is ready.
type Memory struct {
	x       exchange
	answer  http.Response
	body    body
	chunked chunkedReader
	coding  [1]string
	header  http.Header // of answer
	values  []string    // of header
	head    quickHead
}

// What a Memory keeps for the next answer, at most.
const (
	keptFields = 64
	keptValues = 128
)

// Reclaim makes m ready for another exchange, or reports that it never will
// be, since something may still use parts of it: then it must be left alone.
// The caller will touch neither the last answer nor its header, trailer and
// body again; strings that were in them stay valid. The body must have been
// closed or read to its end.
func (m *Memory) Reclaim() bool {
	if x := &m.x; !m.body.done || !x.stopped || x.watched || x.upload != nil {
		return false
	}
	if len(m.header) > keptFields {
		m.header = nil
	}
	if cap(m.values) > keptValues {
		m.values = nil
	}
	clear(m.header)
	clear(m.values[:cap(m.values)])
	m.values = m.values[:0]
	m.x, m.answer, m.body = exchange{}, http.Response{}, body{}
	m.chunked = chunkedReader{}
	return true
}
