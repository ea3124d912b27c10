package accesslog

import "strconv"

// appendJSON appends r as one JSON object and a newline. The order of the keys
// is part of the format.
func appendJSON(b []byte, r *Record) []byte {
	b = append(b, `{"time":"`...)
	b = appendTime(b, r.Time, jsonTime)
	b = append(b, `","id":`...)
	b = appendJSONString(b, r.ID)
	b = append(b, `,"listener":`...)
	b = appendJSONString(b, r.Listener)
	b = append(b, `,"route":`...)
	b = appendJSONString(b, r.Route)
	b = append(b, `,"pool":`...)
	b = appendJSONString(b, r.Pool)
	b = append(b, `,"backend":`...)
	b = appendJSONString(b, r.Backend)
	b = append(b, `,"affinity":`...)
	b = appendJSONString(b, r.Affinity)
	b = append(b, `,"attempts":`...)
	b = appendJSONAttempts(b, r.Attempts)
	b = append(b, `,"end":`...)
	b = appendJSONString(b, r.End)
	b = appendJSONRequest(b, r)
	b = appendJSONAnswer(b, r)
	b = append(b, `,"user_agent":`...)
	b = appendJSONString(b, r.UserAgent)
	b = append(b, `,"referer":`...)
	b = appendJSONString(b, r.Referer)
	b = append(b, `,"not_retried":`...)
	b = appendJSONString(b, r.NotRetried)
	return append(b, '}', '\n')
}

func appendJSONAttempts(b []byte, attempts []Attempt) []byte {
	b = append(b, '[')
	for i := range attempts {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"backend":`...)
		b = appendJSONString(b, attempts[i].Backend)
		b = append(b, `,"ms":`...)
		b = appendMillis(b, attempts[i].Duration)
		b = append(b, `,"outcome":`...)
		b = appendJSONString(b, attempts[i].Outcome)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendJSONRequest(b []byte, r *Record) []byte {
	b = append(b, `,"client":`...)
	b = appendJSONString(b, r.Client)
	b = append(b, `,"method":`...)
	b = appendJSONString(b, r.Method)
	b = append(b, `,"host":`...)
	b = appendJSONString(b, r.Host)
	b = append(b, `,"path":`...)
	b = appendJSONString(b, r.Path)
	b = append(b, `,"query":`...)
	b = appendJSONString(b, r.Query)
	b = append(b, `,"proto":`...)
	return appendJSONString(b, r.Proto)
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
