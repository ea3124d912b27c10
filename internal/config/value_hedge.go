package config

import "time"

// HedgeAuto is a hedge delay that is learned from the answers of each backend.
const HedgeAuto time.Duration = -1

// hedges is when a request is sent to another backend, too.
var hedges = kind[time.Duration]{name: "auto, off or duration", example: `"auto"`, parse: func(s string) (time.Duration, *fault) {
	switch s {
	case "auto":
		return HedgeAuto, nil
	case "off":
		return 0, nil
	}
	d, f := durations(false).parse(s)
	if f != nil {
		f.hint = `use "auto", "off" or a time with its unit, like "300ms"`
	}
	return d, f
}}
