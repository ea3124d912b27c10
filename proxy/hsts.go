package proxy

import (
	"net/http"
	"strconv"

	"sterling/internal/config"
)

// hsts is the value of Strict-Transport-Security for a route (RFC 6797, section
// 6.1); nil: it is not sent.
func hsts(c config.Route) []string {
	if c.HSTS == 0 {
		return nil
	}
	value := "max-age=" + strconv.FormatInt(int64(c.HSTS.Seconds()), 10)
	if c.HSTSSubdomains {
		value += "; includeSubDomains"
	}
	if c.HSTSPreload {
		value += "; preload"
	}
	return []string{value}
}

// secure tells browsers to use https alone, where they do now (section 7.2).
func (x *exchange) secure(h http.Header) {
	if x.route == nil || x.route.hsts == nil || !x.overTLS() && x.client.Proto != "https" {
		return
	}
	h["Strict-Transport-Security"] = x.route.hsts
}
