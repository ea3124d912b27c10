package config

import (
	"strings"
	"time"
)

// preloadAge is the least max-age of a host on the browsers' own lists.
const preloadAge = 365 * 24 * time.Hour

// judgeHSTS wants a header that does what it looks like: with a max-age of zero
// browsers forget that a host is for https alone.
func (w *walker) judgeHSTS(i int, r Route) {
	hsts, subdomains, preload := routeKey(i, "hsts"), routeKey(i, "hsts_subdomains"), routeKey(i, "hsts_preload")
	if !w.clean(hsts, subdomains, preload) {
		return
	}
	switch {
	case r.HSTS > 0 && r.HSTS < time.Second:
		w.fault(hsts, faultf("write 1s or more, or 0s to leave the header out", "max-age counts whole seconds, and with 0 browsers forget it"))
	case r.HSTSPreload && (r.HSTS < preloadAge || !r.HSTSSubdomains):
		w.fault(preload, faultf(`set hsts = "8760h" or more, and hsts_subdomains = true`, "no list of the browsers takes a host with less than a year, or without those below it"))
	case r.HSTSSubdomains && r.HSTS == 0:
		w.warn(subdomains, idle("it needs hsts", "the header is not sent"))
	}
	if r.HSTS == 0 {
		return
	}
	for name := range r.Response.Set {
		if strings.EqualFold(name, "Strict-Transport-Security") {
			w.warn(hsts, faultf("leave one of them out", "replaces what [route.response.set] says of Strict-Transport-Security"))
		}
	}
}
