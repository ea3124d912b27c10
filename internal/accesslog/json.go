package accesslog

import "strconv"

// appendJSON appends r as one JSON object and a newline. The order of the keys
// is part of the format.
func appendJSON(b []byte, r *Record) []byte {
	b = append(b, `{"time":"`...)
	b = appendJSONTime(b, r.Time)
	b = append(b, `","id":"`...)
	b = appendJSONText(b, r.ID)
	b = append(b, `","listener":"`...)
	b = appendJSONText(b, r.Listener)
	b = append(b, `","route":"`...)
	b = appendJSONText(b, r.Route)
	b = append(b, `","pool":"`...)
	b = appendJSONText(b, r.Pool)
	b = append(b, `","backend":"`...)
	b = appendJSONText(b, r.Backend)
	b = append(b, `","affinity":"`...)
	b = appendJSONText(b, r.Affinity)
	b = append(b, `","attempts":`...)
	b = appendJSONAttempts(b, r.Attempts)
	b = append(b, `,"end":"`...)
	b = appendJSONText(b, r.End)
	b = appendJSONRequest(b, r)
	b = appendJSONAnswer(b, r)
	b = append(b, `,"user_agent":"`...)
	b = appendJSONText(b, r.UserAgent)
	b = append(b, `","referer":"`...)
	b = appendJSONText(b, r.Referer)
	b = append(b, `","not_retried":"`...)
	b = appendJSONText(b, r.NotRetried)
	b = append(b, `","queued_ms":`...)
	b = appendMillis(b, r.Queued)
	b = append(b, `,"held_ms":`...)
	b = appendMillis(b, r.Held)
	b = append(b, `,"client_cert":"`...)
	b = appendJSONText(b, r.ClientCert)
	return append(b, "\"}\n"...)
}

func appendJSONAttempts(b []byte, attempts []Attempt) []byte {
	b = append(b, '[')
	for i := range attempts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"backend":"`...)
		b = appendJSONText(b, attempts[i].Backend)
		b = append(b, `","ms":`...)
		b = appendMillis(b, attempts[i].Duration)
		b = append(b, `,"outcome":"`...)
		b = appendJSONText(b, attempts[i].Outcome)
		b = append(b, `"}`...)
	}
	return append(b, ']')
}

// appendJSONRequest continues inside a string and ends it.
func appendJSONRequest(b []byte, r *Record) []byte {
	b = append(b, `","client":"`...)
	b = appendJSONText(b, r.Client)
	b = append(b, `","method":"`...)
	b = appendJSONText(b, r.Method)
	b = append(b, `","host":"`...)
	b = appendJSONText(b, r.Host)
	b = append(b, `","path":"`...)
	b = appendJSONText(b, r.Path)
	b = append(b, `","query":"`...)
	b = appendJSONText(b, r.Query)
	b = append(b, `","proto":"`...)
	b = appendJSONText(b, r.Proto)
	return append(b, '"')
}

func appendJSONAnswer(b []byte, r *Record) []byte {
	b = append(b, `,"status":`...)
	b = strconv.AppendInt(b, int64(r.Status), 10)
	b = append(b, `,"bytes_in":`...)
	b = strconv.AppendInt(b, r.BytesIn, 10)
	b = append(b, `,"bytes_out":`...)
	b = strconv.AppendInt(b, r.BytesOut, 10)
	b = append(b, `,"duration_ms":`...)
	b = appendMillis(b, r.Duration)
	b = append(b, `,"connect_ms":`...)
	b = appendMillis(b, r.Connect)
	b = append(b, `,"header_ms":`...)
	return appendMillis(b, r.Header)
}
