package proxy

import (
	"crypto/tls"
	"encoding/base64"
	"strings"
	"testing"

	proxytls "sterling/tls"
)

func TestKeysOfEncryptedHellosAreTakenUp(t *testing.T) {
	r := watched(t, "")
	one := named(t, "one")
	write := func() (list []byte) {
		t.Helper()
		file, text, err := proxytls.NewECH("door.example")
		if err != nil {
			t.Fatal(err)
		}
		r.file("ech.pem", file)
		if list, err = base64.StdEncoding.DecodeString(text); err != nil {
			t.Fatal(err)
		}
		return list
	}
	accepted := func(listener string, list []byte) bool {
		c, err := tls.Dial("tcp", r.Addr(listener).String(), &tls.Config{ //nolint:noctx // the server is ours
			ServerName: "localhost", InsecureSkipVerify: true, EncryptedClientHelloConfigList: list, //nolint:gosec // it is not what is tested
			EncryptedClientHelloRejectionVerify: func(tls.ConnectionState) error { return nil },
		})
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }()
		return c.ConnectionState().ECHAccepted
	}
	first := write()
	toml := strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nwatch = \"20ms\"\nech = [\"ech.pem\"]\n[[tls.certificate]]", 1) + appPool(one.URL)
	report, err := r.Reload(r.parse(toml))
	if err != nil || len(report.Restart) > 0 {
		t.Fatal(report.Restart, err)
	}
	for _, listener := range []string{"front", "front-standard"} {
		if !accepted(listener, first) {
			t.Errorf("%s: a reload has not taken up the key", listener)
		}
	}
	second := write()
	r.eventually("the other key", func() bool { return accepted("front", second) && accepted("front-standard", second) })
	if accepted("front", first) {
		t.Error("the first key is still in use")
	}
}

func TestAPublicNameWithoutACertificateIsAWarning(t *testing.T) {
	r := start(t, appPool(named(t, "one").URL))
	for public, want := range map[string]int{"door.example": 0, "public.example": 1} {
		file, _, err := proxytls.NewECH(public)
		if err != nil {
			t.Fatal(err)
		}
		r.file("ech.pem", file)
		found := Check(r.parse(strings.Replace(preamble, "[[tls.certificate]]", "[tls]\nech = [\"ech.pem\"]\n[[tls.certificate]]", 1) + appPool("http://127.0.0.1:1")))
		if len(found) != want || want > 0 && (!found[0].Warning || found[0].Key != "tls.ech[0]") {
			t.Errorf("%s: %v", public, found)
		}
	}
}
