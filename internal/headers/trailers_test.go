package headers

import (
	"net/http"
	"slices"
	"testing"
)

func TestStripTrailers(t *testing.T) {
	r := &http.Request{Trailer: http.Header{
		"X-Checksum": {"1"}, "Grpc-Status": {"0"}, "Expires-In": nil,
		"X-Forwarded-For": {"6.6.6.6"}, "X_forwarded_for": nil, "X-Real-Ip": nil, "My_trailer": nil, "X.Forwarded.For": nil,
		"Content-Length": {"5"}, "Transfer-Encoding": {"chunked"}, "Host": {"evil"}, "Authorization": {"x"}, "Cookie": {"x"},
		"Connection": {"x"}, "Proxy": {"x"}, "": nil,
	}}
	StripTrailers(r)
	if got, want := names(r.Trailer), []string{"Expires-In", "Grpc-Status", "X-Checksum"}; !slices.Equal(got, want) {
		t.Errorf("left are %q, want %q", got, want)
	}
	StripTrailers(new(http.Request)) // none at all
}
