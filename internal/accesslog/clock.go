package accesslog

import "time"

const (
	jsonTime = "2006-01-02T15:04:05.000Z07:00" // RFC 3339, milliseconds
	ncsaTime = "02/Jan/2006:15:04:05 -0700"
)

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// appendJSONTime appends t as jsonTime has it, in UTC.
func appendJSONTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, jsonTime)
	}
	b = appendTwo(b, year/100)
	b = appendTwo(b, year%100)
	b = appendTwo(append(b, '-'), int(month))
	b = appendTwo(append(b, '-'), day)
	b = appendClock(append(b, 'T'), t)
	ms := t.Nanosecond() / int(time.Millisecond)
	b = append(b, '.', digits[ms/100])
	return append(appendTwo(b, ms%100), 'Z')
}

// appendNCSATime appends t as ncsaTime has it, in UTC.
func appendNCSATime(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	if year < 0 || year > 9999 {
		return t.AppendFormat(b, ncsaTime)
	}
	b = append(appendTwo(b, day), '/')
	b = append(b, months[3*month-3:3*month]...)
	b = appendTwo(append(b, '/'), year/100)
	b = append(appendTwo(b, year%100), ':')
	return append(appendClock(b, t), " +0000"...)
}

func appendClock(b []byte, t time.Time) []byte {
	hour, minute, second := t.Clock()
	b = append(appendTwo(b, hour), ':')
	b = append(appendTwo(b, minute), ':')
	return appendTwo(b, second)
}

const digits = "0123456789"

// appendTwo appends a number below 100 in two digits.
func appendTwo(b []byte, n int) []byte { return append(b, digits[n/10], digits[n%10]) }
