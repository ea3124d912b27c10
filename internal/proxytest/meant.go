package proxytest

import (
	"bufio"
	"bytes"
)

// Meant reads what a client has sent on one connection almost as strictly as a
// [Recorder] does: the requests that RFC 9112 finds there, up to the first that
// is cut or has a fault, which ends the list.
func Meant(sent []byte) []*Recorded {
	var all []*Recorded
	src := bufio.NewReader(bytes.NewReader(sent))
	for {
		if _, err := src.Peek(1); err != nil {
			return all
		}
		rec := &Recorded{Conn: 1, Seq: len(all) + 1}
		s := &strictReader{src: src, rec: rec, client: true}
		err := s.head()
		if err == nil {
			err = s.body()
		}
		rec.Complete = err == nil
		all = append(all, rec)
		if err != nil {
			return all
		}
	}
}
