package http2

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

const (
	frameHeadSize = 9       // bytes (RFC 9113, section 4.1)
	maxFrame      = 1 << 14 // bytes of payload that are read, and the most that are written
)

// frameHead is the header of a frame.
type frameHead struct {
	length int
	kind   http2.FrameType
	flags  http2.Flags
	stream uint32
}

func parseFrameHead(b []byte) frameHead {
	return frameHead{
		length: int(b[0])<<16 | int(b[1])<<8 | int(b[2]),
		kind:   http2.FrameType(b[3]),
		flags:  http2.Flags(b[4]),
		stream: binary.BigEndian.Uint32(b[5:]) &^ (1 << 31),
	}
}

func (h frameHead) has(f http2.Flags) bool { return h.flags&f != 0 }

// put writes h into the first bytes of b.
func (h frameHead) put(b []byte) {
	_ = b[frameHeadSize-1]
	b[0], b[1], b[2] = byte(h.length>>16), byte(h.length>>8), byte(h.length)
	b[3], b[4] = byte(h.kind), byte(h.flags)
	binary.BigEndian.PutUint32(b[5:], h.stream)
}

// append appends h to b.
func (h frameHead) append(b []byte) []byte {
	n := len(b)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	h.put(b[n:])
	return b
}

// appendWord appends a frame whose payload is one number.
func appendWord(b []byte, kind http2.FrameType, stream, v uint32) []byte {
	b = frameHead{length: 4, kind: kind, stream: stream}.append(b)
	return binary.BigEndian.AppendUint32(b, v)
}

func appendGoAway(b []byte, last uint32, code http2.ErrCode, reason string) []byte {
	b = frameHead{length: 8 + len(reason), kind: http2.FrameGoAway}.append(b)
	b = binary.BigEndian.AppendUint32(b, last)
	b = binary.BigEndian.AppendUint32(b, uint32(code))
	return append(b, reason...)
}

func appendPing(b []byte, flags http2.Flags, data []byte) []byte {
	b = frameHead{length: len(data), kind: http2.FramePing, flags: flags}.append(b)
	return append(b, data...)
}

func appendSettings(b []byte, settings ...http2.Setting) []byte {
	b = frameHead{length: settingSize * len(settings), kind: http2.FrameSettings}.append(b)
	for _, s := range settings {
		b = binary.BigEndian.AppendUint16(b, uint16(s.ID))
		b = binary.BigEndian.AppendUint32(b, s.Val)
	}
	return b
}

const settingSize = 6 // bytes (RFC 9113, section 6.5.1)

func settingAt(b []byte) http2.Setting {
	return http2.Setting{ID: http2.SettingID(binary.BigEndian.Uint16(b)), Val: binary.BigEndian.Uint32(b[2:])}
}
