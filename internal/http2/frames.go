package http2

import (
	"encoding/binary"
	"time"

	"golang.org/x/net/http2"
)

// frame takes in the frame of h, whose payload comes next.
func (c *conn) frame(h frameHead) error {
	switch {
	case h.length > maxFrame:
		return sizeError("a frame of more than 16 KiB")
	case c.block.stream != 0 && (h.kind != http2.FrameContinuation || h.stream != c.block.stream):
		return protocolError("a header block that was not ended")
	case !c.settled && h.kind != http2.FrameSettings:
		return protocolError("no SETTINGS first")
	}
	if h.kind == http2.FrameData {
		return c.onData(h)
	}
	if h.kind == http2.FrameHeaders && c.in.buffered() < h.length {
		c.headedAt = time.Now()
	}
	payload, err := c.in.peek(h.length)
	if err != nil {
		return err
	}
	err = c.dispatch(h, payload)
	c.in.skip(h.length)
	return err
}

func (c *conn) dispatch(h frameHead, payload []byte) error {
	switch h.kind {
	case http2.FrameHeaders:
		return c.onHeaders(h, payload)
	case http2.FrameContinuation:
		return c.onContinuation(h, payload)
	case http2.FrameSettings:
		return c.onSettings(h, payload)
	case http2.FrameWindowUpdate:
		return c.onWindowUpdate(h, payload)
	case http2.FrameRSTStream:
		return c.onReset(h, payload)
	case http2.FramePing:
		return c.onPing(h, payload)
	case http2.FramePriority:
		return c.onPriority(h, payload)
	case http2.FrameGoAway:
		return c.onGoAway(h, payload)
	case http2.FramePushPromise:
		return protocolError("PUSH_PROMISE from a client")
	}
	return c.countEmpty(h.kind) // of no meaning here (RFC 9113, section 5.5)
}

// onSettings follows RFC 9113, section 6.5: of a setting that is named twice
// each value counts in its turn.
func (c *conn) onSettings(h frameHead, payload []byte) error {
	switch {
	case h.stream != 0:
		return protocolError("SETTINGS on a stream")
	case h.length%settingSize != 0 || h.has(http2.FlagSettingsAck) && h.length > 0:
		return sizeError("SETTINGS of a wrong size")
	case h.has(http2.FlagSettingsAck):
		if c.unacked--; c.unacked < 0 {
			return protocolError("SETTINGS acknowledged that were not sent")
		}
		return nil
	}
	if !c.settled {
		c.settled, c.headedAt = true, time.Time{}
	}
	if err := c.countEmpty(h.kind); err != nil {
		return err
	}
	c.mu.Lock()
	for ; len(payload) > 0; payload = payload[settingSize:] {
		if err := c.apply(settingAt(payload)); err != nil {
			c.mu.Unlock()
			return err
		}
	}
	c.control(func(b []byte) []byte {
		return frameHead{kind: http2.FrameSettings, flags: http2.FlagSettingsAck}.append(b)
	})
	c.mu.Unlock()
	return c.controlled()
}

// apply expects mu to be held.
func (c *conn) apply(s http2.Setting) error {
	switch {
	case s.ID == http2.SettingInitialWindowSize && s.Val > maxWindow:
		return &connError{http2.ErrCodeFlowControl, "an initial window over the limit"}
	case s.ID == http2.SettingMaxFrameSize && (s.Val < maxFrame || s.Val >= 1<<24),
		s.ID == http2.SettingEnablePush && s.Val > 1,
		s.ID == http2.SettingEnableConnectProtocol && s.Val > 1,
		s.ID == http2.SettingNoRFC7540Priorities && s.Val > 1:
		return protocolError("a setting with a value that it cannot have")
	}
	switch s.ID {
	case http2.SettingHeaderTableSize:
		c.out.encoder.resize(s.Val)
	case http2.SettingInitialWindowSize:
		return c.resize(int64(s.Val))
	}
	return nil
}

func (c *conn) onPing(h frameHead, payload []byte) error {
	switch {
	case h.length != 8:
		return sizeError("PING of a wrong size")
	case h.stream != 0:
		return protocolError("PING on a stream")
	case h.has(http2.FlagPingAck):
		c.pong(payload)
		return c.countEmpty(h.kind)
	}
	if err := c.countEmpty(h.kind); err != nil {
		return err
	}
	c.mu.Lock()
	c.control(func(b []byte) []byte { return appendPing(b, http2.FlagPingAck, payload) })
	c.mu.Unlock()
	return c.controlled()
}

// onPriority ignores what it says (RFC 9113, section 5.3.2).
func (c *conn) onPriority(h frameHead, payload []byte) error {
	switch {
	case h.stream == 0:
		return protocolError("PRIORITY without a stream")
	case h.length != prioritySize:
		return &streamError{h.stream, http2.ErrCodeFrameSize, "PRIORITY of a wrong size"}
	case dependency(payload) == h.stream:
		return &streamError{h.stream, http2.ErrCodeProtocol, "a stream that depends on itself"}
	}
	return c.countEmpty(h.kind)
}

const prioritySize = 5 // bytes

func dependency(b []byte) uint32 { return binary.BigEndian.Uint32(b) &^ (1 << 31) }

func (c *conn) onGoAway(h frameHead, payload []byte) error {
	switch {
	case h.stream != 0:
		return protocolError("GOAWAY on a stream")
	case len(payload) < 8:
		return sizeError("GOAWAY of a wrong size")
	}
	return c.countEmpty(h.kind) // the client closes the connection when it has its answers
}

func (c *conn) onReset(h frameHead, payload []byte) error {
	switch {
	case h.stream == 0:
		return protocolError("RST_STREAM without a stream")
	case h.length != 4:
		return sizeError("RST_STREAM of a wrong size")
	case c.idle(h.stream):
		return protocolError("RST_STREAM for a stream that was never opened")
	}
	c.mu.Lock()
	s := c.streams[h.stream]
	if s != nil {
		s.kept = true
	}
	c.mu.Unlock()
	if s == nil {
		return c.countEmpty(h.kind)
	}
	c.kill(s, ErrReset)
	return c.countReset()
}

// idle reports whether the client has not opened the stream (RFC 9113, section
// 5.1). It is for the reader.
func (c *conn) idle(stream uint32) bool { return stream%2 == 0 || stream > c.last }

// refuse resets a stream for the client's fault.
func (c *conn) refuse(e *streamError) error {
	c.mu.Lock()
	s := c.streams[e.stream]
	c.resetStream(e.stream, e.code)
	if s != nil { // nothing may come behind the reset
		s.kept, s.failure = true, ErrReset
		c.close(s)
	}
	c.mu.Unlock()
	if s != nil {
		c.kill(s, ErrReset)
	}
	if err := c.controlled(); err != nil {
		return err
	}
	return c.countReset()
}

// resetStream expects mu to be held.
func (c *conn) resetStream(id uint32, code http2.ErrCode) {
	c.late.add(id)
	c.control(func(b []byte) []byte { return appendWord(b, http2.FrameRSTStream, id, uint32(code)) })
}
