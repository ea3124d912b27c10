package admin

import (
	"errors"
	"net/http"
	"testing"
)

func TestCertificatesAreListedAndOrdered(t *testing.T) {
	s := start(t, Options{Address: "127.0.0.1:0", Door: door{true}})
	c, err := NewClient(s.Addr().String(), "")
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.Certificates(t.Context())
	if err != nil || len(all) != 2 || all[0].Source != "file" || all[0].Renewal != nil {
		t.Errorf("%+v, %v", all, err)
	}
	got, err := c.Certificate(t.Context(), "WWW.example.org", "renew")
	if err != nil || got.Source != "acme" || got.Failures != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, tc := range []struct {
		name, order string
		status      int
	}{
		{"other.example.org", "renew", http.StatusNotFound},
		{"www.example.org", "revoke", http.StatusBadGateway},
		{"www.example.org", "burn", http.StatusNotFound},
		{"../status", "renew", http.StatusNotFound},
	} {
		_, err := c.Certificate(t.Context(), tc.name, tc.order)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Status != tc.status || refusal.Problem == "" {
			t.Errorf("%s %s: %v", tc.order, tc.name, err)
		}
	}
}
