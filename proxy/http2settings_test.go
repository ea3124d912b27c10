package proxy

import (
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/net/http2"
)

func settingsPayload(settings ...http2.Setting) []byte {
	var b []byte
	for _, s := range settings {
		b = binary.BigEndian.AppendUint16(b, uint16(s.ID))
		b = binary.BigEndian.AppendUint32(b, s.Val)
	}
	return b
}

func TestOneValueOfEachSettingStands(t *testing.T) {
	type settings = []http2.Setting
	const (
		table   = http2.SettingHeaderTableSize
		push    = http2.SettingEnablePush
		window  = http2.SettingInitialWindowSize
		frame   = http2.SettingMaxFrameSize
		order   = http2.SettingNoRFC7540Priorities
		unknown = http2.SettingID(0xabcd)
	)
	for name, tc := range map[string]struct{ in, want settings }{
		"none":                      {settings{}, settings{}},
		"one":                       {settings{{ID: window, Val: 1}}, settings{{ID: window, Val: 1}}},
		"all different":             {settings{{ID: window, Val: 1}, {ID: frame, Val: 16384}}, settings{{ID: window, Val: 1}, {ID: frame, Val: 16384}}},
		"the last of two":           {settings{{ID: window, Val: 100}, {ID: window, Val: 1}}, settings{{ID: window, Val: 1}}},
		"the last of three":         {settings{{ID: window, Val: 3}, {ID: window, Val: 1}, {ID: window, Val: 2}}, settings{{ID: window, Val: 2}}},
		"two between others":        {settings{{ID: push, Val: 1}, {ID: window, Val: 9}, {ID: push, Val: 0}, {ID: frame, Val: 20000}}, settings{{ID: window, Val: 9}, {ID: push, Val: 0}, {ID: frame, Val: 20000}}},
		"an unknown one":            {settings{{ID: unknown, Val: 7}, {ID: unknown, Val: 1 << 31}}, settings{{ID: unknown, Val: 1 << 31}}},
		"the smallest table":        {settings{{ID: table, Val: 0}, {ID: table, Val: 4096}}, settings{{ID: table, Val: 0}}},
		"the smallest table, last":  {settings{{ID: table, Val: 4096}, {ID: table, Val: 100}}, settings{{ID: table, Val: 100}}},
		"the smallest table inside": {settings{{ID: table, Val: 4096}, {ID: table, Val: 9}, {ID: table, Val: 10}}, settings{{ID: table, Val: 9}}},
	} {
		if got := settle(settingsPayload(tc.in...)); !slices.Equal(got, settingsPayload(tc.want...)) {
			t.Errorf("%s: settled as %x, want %x", name, got, settingsPayload(tc.want...))
		}
	}
}

func TestInvalidSettingsStayForTheServerToRefuse(t *testing.T) {
	for _, bad := range []http2.Setting{
		{ID: http2.SettingEnablePush, Val: 2},
		{ID: http2.SettingInitialWindowSize, Val: 1 << 31},
		{ID: http2.SettingMaxFrameSize, Val: 16383},
		{ID: http2.SettingMaxFrameSize, Val: 1 << 24},
		{ID: http2.SettingNoRFC7540Priorities, Val: 2},
	} {
		good := http2.Setting{ID: bad.ID, Val: 1}
		if bad.ID == http2.SettingMaxFrameSize {
			good.Val = 1<<24 - 1
		}
		for _, in := range [][]http2.Setting{{bad, good}, {good, bad}, {good, good, bad, good}, {bad, bad}} {
			want := settingsPayload(in...)
			if got := settle(slices.Clone(want)); !slices.Equal(got, want) {
				t.Errorf("%v became %x", in, got)
			}
		}
	}
}
