package acme

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func FuzzProblem(f *testing.F) {
	f.Add([]byte(`{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many","subproblems":[{"detail":"x"}]}`), "60")
	f.Add([]byte(`{}`), "Sat, 28 Nov 2026 11:32:52 GMT")
	f.Add([]byte(`[`), "9223372037")
	f.Add([]byte(`[`), "Fri, 31 Dec 9999 23:59:59 GMT")
	f.Add([]byte(``), "-1")
	req := &http.Request{URL: &url.URL{Scheme: "https", Host: "acme.example"}}
	f.Fuzz(func(t *testing.T, body []byte, retryAfter string) {
		w := new(wire)
		before := time.Now()
		w.readProblem(req, &http.Response{Status: "429", Header: http.Header{"Retry-After": {retryAfter}}}, body)
		if w.reason == nil || w.reason.Error() == "" {
			t.Error("the authority said no, and nobody knows why")
		}
		if n, err := strconv.Atoi(retryAfter); err == nil && n >= 0 && w.retryAfter.Before(before) {
			t.Errorf("%q is %v from now", retryAfter, w.retryAfter.Sub(before))
		}
		if w.retryAfter.After(time.Now().Add(maxRetryAfter)) {
			t.Errorf("%q is more than a day from now", retryAfter)
		}
		now := time.Now()
		next := Failure{}.after(now, w.retryAfter, w.reason).Next
		if next.Before(now) || next.After(now.Add(maxRetryAfter)) {
			t.Errorf("%q: the next order is in %v", retryAfter, next.Sub(now))
		}
	})
}

// What is taken out of an authorization are challenges of other kinds, and
// everything else stays what it is.
func FuzzChallenges(f *testing.F) {
	for _, s := range []string{
		`{"status":"pending","challenges":[{"type":"http-01","url":"a"},{"type":"tls-alpn-01","url":"b"}]}`,
		`{"challenges":[{"type":"http-01","error":{"type":"t","detail":"d"}},{"type":"dns-01"}],"wildcard":true}`,
		`{"challenges":[1,{"type":"tls-alpn-01"}]}`, `{"challenges":null}`, `[]`, `{"challenges":[],"challenges":[{"type":"dns-01"}]}`,
	} {
		f.Add([]byte(s))
	}
	read := func(body []byte) (rest map[string]any, kinds []string, err error) {
		var all map[string]any
		if err := json.Unmarshal(body, &all); err != nil {
			return nil, nil, err
		}
		list, ok := all["challenges"].([]any)
		if !ok {
			return nil, nil, errors.New("no list")
		}
		for _, c := range list {
			kind := ""
			if c, ok := c.(map[string]any); ok {
				kind, _ = c["type"].(string)
			}
			kinds = append(kinds, kind)
		}
		delete(all, "challenges")
		return all, kinds, nil
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		w := &wire{challenge: "tls-alpn-01"}
		got := w.readChallenges(body)
		rest, kinds, err := read(body)
		if err != nil {
			if string(got) != string(body) {
				t.Fatalf("what is no authorization has become %q", got)
			}
			return
		}
		restGot, kindsGot, err := read(got)
		if err != nil || len(restGot) != len(rest) || len(kindsGot) > len(kinds) || len(kindsGot) == 0 && len(kinds) > 0 {
			t.Fatalf("%q has become %q, %v", body, got, err)
		}
	})
}

func TestARefusedNonceIsAReasonOnlyWhenItIsAllThereIs(t *testing.T) {
	w := &wire{ctx: t.Context()}
	answer := func(method string, status int, body string) {
		req := &http.Request{Method: method, URL: &url.URL{Scheme: "https", Host: "acme.example"}}
		w.read(req, &http.Response{StatusCode: status, Header: make(http.Header)}, []byte(body), false)
	}
	const spent, no = `{"type":"urn:ietf:params:acme:error:badNonce"}`, `{"type":"urn:ietf:params:acme:error:caa"}`
	other := errors.New("something else")
	answer(http.MethodPost, http.StatusBadRequest, spent)
	answer(http.MethodHead, http.StatusOK, "") // for another one
	if err, _ := w.failure(other); !strings.Contains(err.Error(), "badNonce") {
		t.Errorf("with a nonce that was refused last: %v", err)
	}
	answer(http.MethodPost, http.StatusOK, "{}")
	if err, _ := w.failure(other); !errors.Is(err, other) {
		t.Errorf("with one that was taken then: %v", err)
	}
	answer(http.MethodPost, http.StatusForbidden, no)
	answer(http.MethodPost, http.StatusBadRequest, spent)
	answer(http.MethodPost, http.StatusOK, "{}")
	if err, _ := w.failure(other); !strings.Contains(err.Error(), "caa") {
		t.Errorf("with a no before it: %v", err)
	}
}

func TestNoAnswerAsksForMoreThanADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		for value, want := range map[string]time.Duration{
			"120": 2 * time.Minute, "0": 0, "-5": 0, "-99999999999999999999": 0,
			"86401": maxRetryAfter, "9223372036854775807": maxRetryAfter, "99999999999999999999999": maxRetryAfter,
			now.Add(time.Hour).UTC().Format(http.TimeFormat):                         time.Hour,
			now.Add(73 * 365 * day).UTC().Format(http.TimeFormat):                    maxRetryAfter,
			now.Add(-time.Hour).UTC().Format(http.TimeFormat):                        0,
			now.Add(2 * time.Hour).UTC().Format(time.RFC850):                         2 * time.Hour,
			now.Add(-100 * 365 * day).UTC().Format(http.TimeFormat):                  0,
			time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Format(http.TimeFormat): maxRetryAfter,
		} {
			if got := retryAfter(&http.Response{Header: http.Header{"Retry-After": {value}}}); got.Sub(now) != want {
				t.Errorf("%q: in %v", value, got.Sub(now))
			}
		}
		for _, value := range []string{"", "soon", "1.5", "1e9", "Sat, 99 Nov 2026 11:32:52 GMT"} {
			if got := retryAfter(&http.Response{Header: http.Header{"Retry-After": {value}}}); !got.IsZero() {
				t.Errorf("%q: %v", value, got)
			}
		}
	})
}
