package backend

import "fmt"

// validate returns every fault of a pool's options.
func (o *PoolOptions) validate() []error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("pool %q: "+format, append([]any{o.Name}, args...)...))
	}
	if _, ok := policies[o.Policy]; !ok && o.Policy != "" {
		fault("unknown policy %q", o.Policy)
	}
	switch o.Protocol {
	case "", H1, H2, H2C:
	default:
		fault("unknown protocol %q", o.Protocol)
	}
	if o.ProxyLine < 0 || o.ProxyLine > 2 {
		fault("there is no version %d of the PROXY line", o.ProxyLine)
	}
	if o.ProxyLine > 0 && o.Protocol != H1 && o.Protocol != "" {
		fault("a connection of protocol %s serves many clients, and a PROXY line names one", o.Protocol)
	}
	switch o.Check.Kind {
	case Passive, CheckHTTP, CheckTCP:
	default:
		fault("unknown kind of check %q", o.Check.Kind)
	}
	if o.SlowStart < 0 {
		fault("a slow start cannot be negative")
	}
	if t := o.Outliers; t != nil && (t.Consecutive < 0 || t.ErrorPercent < 0 || t.Latency < 0 || t.Requests < 0 || min(t.Window, t.Eject, t.EjectMax) < 0) {
		fault("what outliers are judged by cannot be negative")
	}
	names := make(map[string]bool)
	for _, b := range o.Backends {
		if names[b.Name] {
			fault("there are two backends %q", b.Name)
		}
		names[b.Name] = true
		if text := o.validateMember(b); text != "" {
			fault("backend %q: %s", b.Name, text)
		}
	}
	return faults
}

// validateMember returns what is wrong with a backend; "": nothing.
func (o *PoolOptions) validateMember(b MemberOptions) string {
	switch {
	case b.URL == nil || b.URL.Hostname() == "":
		return "a URL with a host is needed"
	case b.URL.Scheme != "http" && b.URL.Scheme != "https":
		return fmt.Sprintf("scheme %q is not supported; use http or https", b.URL.Scheme)
	case o.Protocol == H2 && b.URL.Scheme != "https":
		return "protocol h2 needs an https URL; h2c is HTTP/2 without TLS"
	case o.Protocol == H2C && b.URL.Scheme != "http":
		return "protocol h2c needs an http URL; h2 is HTTP/2 over TLS"
	case b.Weight < 0:
		return "a weight cannot be negative"
	case b.MaxInFlight < 0:
		return "an in-flight limit cannot be negative"
	}
	return ""
}
