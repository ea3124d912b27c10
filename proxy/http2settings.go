package proxy

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

const (
	settingSize = 6   // bytes (RFC 9113, section 6.5.1)
	maxSettings = 100 // in a frame; the server refuses more
)

// settle keeps one value of each setting in payload, a SETTINGS frame's, and
// returns what is left of it. The values of a frame count in their order (RFC
// 9113, section 6.5.3), so the last of them stands. Of
// SETTINGS_HEADER_TABLE_SIZE the smallest does: the table has to shrink to it
// once (RFC 7541, section 4.2), and may stay there.
//
// A payload with an invalid value, even one that another follows, stays as it
// is, for the server to refuse.
func settle(payload []byte) []byte {
	smallest := ^uint32(0)
	for i := 0; i < len(payload); i += settingSize {
		s := settingAt(payload, i)
		if !validSetting(s) {
			return payload
		}
		if s.ID == http2.SettingHeaderTableSize {
			smallest = min(smallest, s.Val)
		}
	}
	kept := payload[:0]
	for i := 0; i < len(payload); i += settingSize {
		s := settingAt(payload, i)
		if followed(payload, i, s.ID) {
			continue
		}
		if s.ID == http2.SettingHeaderTableSize {
			s.Val = smallest
		}
		kept = binary.BigEndian.AppendUint16(kept, uint16(s.ID))
		kept = binary.BigEndian.AppendUint32(kept, s.Val)
	}
	return kept
}

func settingAt(payload []byte, i int) http2.Setting {
	return http2.Setting{
		ID:  http2.SettingID(binary.BigEndian.Uint16(payload[i:])),
		Val: binary.BigEndian.Uint32(payload[i+2:]),
	}
}

// validSetting reports whether the server takes s.
func validSetting(s http2.Setting) bool {
	if s.ID == http2.SettingNoRFC7540Priorities && s.Val > 1 {
		return false
	}
	return s.Valid() == nil
}

// followed reports whether the setting at i is named again after it.
func followed(payload []byte, i int, id http2.SettingID) bool {
	for i += settingSize; i < len(payload); i += settingSize {
		if settingAt(payload, i).ID == id {
			return true
		}
	}
	return false
}
