package proxyline

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"

	proxyproto "github.com/pires/go-proxyproto"
)

var (
	// ErrNone says that the connection begins with something else.
	ErrNone = errors.New("there is no PROXY line")

	errMalformed = errors.New("the PROXY line is malformed")
	errTooLong   = errors.New("the PROXY line is too long")
)

const (
	text    = "PROXY "
	binary2 = "\r\n\r\n\x00\r\nQUIT\n"

	maxText = 107 // as the specification has it
	// maxBinary bounds a line of version 2. It may be 64 KiB long, but what makes it
	// longer than a few hundred bytes is of no use here.
	maxBinary = 4 << 10
)

// Ends are the two ends of a connection as a balancer saw it. The zero value
// says that it opened the connection for itself, as for a check.
type Ends struct {
	Client, Door netip.AddrPort
}

// Read reads a line from the beginning of a connection: all of it, and no byte
// more. Without one, it has read nothing. The deadline is the caller's.
func Read(c *net.TCPConn) (Ends, error) {
	kind, err := peek(c)
	if err != nil {
		return Ends{}, err
	}
	var line []byte
	if kind == text {
		line, err = readText(c)
	} else {
		line, err = readBinary(c)
	}
	if err != nil {
		return Ends{}, err
	}
	return parse(line)
}

func readText(c io.Reader) ([]byte, error) {
	line := make([]byte, 0, maxText)
	for !bytes.HasSuffix(line, []byte("\r\n")) {
		if len(line) == maxText {
			return nil, errTooLong
		}
		line = line[:len(line)+1]
		if _, err := io.ReadFull(c, line[len(line)-1:]); err != nil {
			return nil, err
		}
	}
	return line, nil
}

func readBinary(c io.Reader) ([]byte, error) {
	head := make([]byte, 16)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[14:]))
	if n > maxBinary {
		return nil, errTooLong
	}
	line := append(head, make([]byte, n)...)
	_, err := io.ReadFull(c, line[16:])
	return line, err
}

// parse understands a whole line.
func parse(line []byte) (Ends, error) {
	r := bufio.NewReader(bytes.NewReader(line))
	h, err := proxyproto.Read(r)
	if err != nil {
		return Ends{}, fmt.Errorf("%w: %w", errMalformed, err)
	}
	if r.Buffered() > 0 {
		return Ends{}, errMalformed
	}
	if h.Command.IsLocal() || h.TransportProtocol == proxyproto.UNSPEC || h.TransportProtocol.IsUnix() {
		return Ends{}, nil
	}
	client, door := addrPort(h.SourceAddr), addrPort(h.DestinationAddr)
	if !client.IsValid() {
		return Ends{}, errMalformed
	}
	return Ends{Client: client, Door: door}, nil
}

func addrPort(a net.Addr) netip.AddrPort {
	var p netip.AddrPort
	switch a := a.(type) {
	case *net.TCPAddr:
		p = a.AddrPort()
	case *net.UDPAddr:
		p = a.AddrPort()
	}
	return netip.AddrPortFrom(p.Addr().Unmap().WithZone(""), p.Port())
}
