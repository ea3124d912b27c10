package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sterling/internal/acme"
	"sterling/internal/config"
	proxytls "sterling/tls"
)

// compileACME finds the names that certificates are to be ordered for.
func (p *plan) compileACME() {
	a := p.cfg.TLS.ACME
	if a == nil || p.certificates == nil {
		return
	}
	for i, name := range a.Hosts {
		p.issuable(fmt.Sprintf("tls.acme.hosts[%d]", i), name, "leave it out, or give its certificate as a file", a.Directory)
	}
	if p.names = a.Hosts; len(a.Hosts) == 0 {
		p.routeNames(a.Directory)
	}
	if len(p.names) == 0 && len(p.problems) == 0 {
		p.fault("tls.acme", "name them in tls.acme.hosts, or give routes their hosts", errors.New("no route names a host to order a certificate for"))
	}
	slices.Sort(p.names)
	p.names = slices.Compact(p.names)
}

// routeNames are the hosts of the routes that are reached over https, but for
// those that a file's certificate serves.
func (p *plan) routeNames(directory string) {
	secure := make(map[string]bool)
	for _, l := range p.cfg.Listeners {
		secure[l.Name] = l.Protocol == "https"
	}
	for i, r := range p.cfg.Routes {
		if len(r.Listeners) > 0 && !slices.ContainsFunc(r.Listeners, func(l string) bool { return secure[l] }) {
			continue
		}
		for j, host := range r.Hosts {
			if !p.certificates.Serves(host) && p.issuable(fmt.Sprintf("route[%d].hosts[%d]", i, j), host,
				"give its certificate as a [[tls.certificate]], or list in tls.acme.hosts what is to be ordered", directory) {
				p.names = append(p.names, host)
			}
		}
	}
}

// issuable reports a name that no authority would issue a certificate for.
func (p *plan) issuable(key, name, hint, directory string) bool {
	err := acme.Issuable(name)
	if err != nil {
		p.fault(key, hint, fmt.Errorf("no certificate can be ordered for %q: %w", name, err))
		return false
	}
	if directory == "" && acme.Private(name) {
		p.problems = append(p.problems, p.cfg.Warning(key, fmt.Sprintf("%q is no public name: Let's Encrypt will refuse it", name),
			"set tls.acme.directory to an authority of your own"))
	}
	return true
}

// Ordered are the names that certificates are ordered for, in their order.
func Ordered(cfg *config.Config) []string { return compile(cfg).names }

// newManager makes the keeper of certificates from an authority; nil: there are
// none.
func (s *Server) newManager(p *plan) (*acme.Manager, error) {
	a := p.cfg.TLS.ACME
	if a == nil {
		return nil, nil
	}
	o, err := ACMEOptions(p.cfg)
	if err != nil {
		return nil, config.Problems{p.cfg.Problem("tls.acme.ca", err.Error(), "")}
	}
	o.Names, o.OnEvent = p.names, s.certificateEvent
	m, err := acme.New(o)
	if err != nil {
		return nil, config.Problems{p.cfg.Problem("state.dir", "certificates cannot be kept there: "+err.Error(),
			"let the user that runs this write to "+p.cfg.State.Dir+", or each start would order anew")}
	}
	return m, nil
}

// ACMEOptions are those that a configuration with [tls.acme] asks for, but for
// the names.
func ACMEOptions(cfg *config.Config) (acme.Options, error) {
	a := cfg.TLS.ACME
	o := acme.Options{
		Email: a.Email, Directory: a.Directory, Wait: a.Wait,
		BindingID: a.BindingID, BindingKey: a.BindingKey, Challenges: challengesOf(cfg),
	}
	if o.Directory == "" {
		o.Directory = acme.DefaultDirectory
	}
	o.Storage = acme.FolderFor(cfg.State.Dir, o.Directory)
	if a.CA != "" {
		pool, err := proxytls.ReadAuthorities(a.CA)
		if err != nil {
			return o, err
		}
		o.Roots = pool
	}
	return o, nil
}

// challengesOf are the kinds that a configuration's listeners can answer.
func challengesOf(cfg *config.Config) []string {
	var kinds []string
	if slices.ContainsFunc(cfg.Listeners, func(l config.Listener) bool { return l.Protocol == "http" }) {
		kinds = append(kinds, acme.HTTP01)
	}
	return append(kinds, acme.TLSALPN01)
}

// certificateEvent hears of what became of a name, or of the account.
func (s *Server) certificateEvent(e acme.Event) {
	if e.Contact != "" {
		if e.Err != nil {
			s.log.Error().Err(e.Err).Str("email", e.Contact).Time("next", e.Next.UTC()).
				Msg("the authority could not be told the e-mail address; certificates are ordered as before")
			return
		}
		s.log.Info().Str("email", e.Contact).Msg("the authority was told the e-mail address")
		return
	}
	if e.Certificate != nil {
		s.publishCertificates()
		message := "a certificate was taken up"
		if e.Ordered {
			message = "a certificate was ordered"
		}
		s.log.Info().Str("name", e.Name).Str("issuer", e.Certificate.Leaf.Issuer.String()).
			Time("not_after", e.Certificate.Leaf.NotAfter.UTC()).Time("renewal", e.Next.UTC()).Msg(message)
	}
	if e.Err != nil {
		s.log.Error().Err(e.Err).Str("name", e.Name).Time("next", e.Next.UTC()).Msg("a certificate could not be had")
	}
}

// publishCertificates serves those of the configuration's files and those that
// were ordered.
func (s *Server) publishCertificates() {
	s.publishMu.Lock()
	defer s.publishMu.Unlock()
	var managed []*tls.Certificate
	if s.acme != nil {
		managed = s.acme.Certificates()
	}
	// Made anew in any case: what has ended since gives way to what has not.
	s.certificates.Replace(s.snapshot.Load().certificates.With(managed))
}

// keeperOf has no Keeper where there is no Manager, not one that is nil.
func (s *Server) keeperOf() proxytls.Keeper {
	if s.acme == nil {
		return nil
	}
	return s.acme
}

// proves answers the question of an authority, whether this door is that of a
// name (RFC 8555, section 8.3). All other requests, also for what other programs
// prove in the same way, go their way.
func (x *exchange) proves() bool {
	m := x.door.server.acme
	if m == nil || !strings.HasPrefix(x.in.URL.Path, acme.TokenPath) || x.in.Method != http.MethodGet && x.in.Method != http.MethodHead {
		return false
	}
	answer := m.Token(x.in.Context(), x.in.URL.Path)
	if answer == nil {
		return false
	}
	h := x.out.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.Itoa(len(answer)))
	x.out.WriteHeader(http.StatusOK)
	if x.in.Method == http.MethodGet {
		_, _ = x.out.Write(answer) // the authority asks again where it fails
	}
	return true
}

// CertificateReport is what is known of a certificate, or of the want of one.
type CertificateReport struct {
	Names     []string   `json:"names"`
	Source    string     `json:"source"` // file, acme
	Issuer    string     `json:"issuer"` // "": there is none yet
	NotBefore *time.Time `json:"not_before"`
	NotAfter  *time.Time `json:"not_after"`
	// Renewal is when another one is ordered, or when that is tried again; null:
	// somebody else sees to it.
	Renewal  *time.Time `json:"renewal"`
	Ordering bool       `json:"ordering"` // an order is under way
	Failures int        `json:"failures"` // orders that failed since the last success
	Error    string     `json:"error"`    // of the last one
	// Unstored is why the end of the process would lose the certificate, which is
	// served; null: it is stored.
	Unstored *UnstoredReport `json:"unstored"`
	// Late says that the certificate came with a third of its life left, or less,
	// as it does when the machine's clock is wrong.
	Late bool `json:"late"`
}

// UnstoredReport is of a certificate that could not be stored.
type UnstoredReport struct {
	Since time.Time `json:"since"` // the first try
	Next  time.Time `json:"next"`  // the next one
	Error string    `json:"error"` // of the last one
}

// Certificates tells of all certificates, those of files first.
func (s *Server) Certificates() []CertificateReport {
	all := []CertificateReport{}
	for _, leaf := range s.snapshot.Load().certificates.Certificates() {
		from, until := leaf.NotBefore.UTC(), leaf.NotAfter.UTC()
		all = append(all, CertificateReport{Names: leaf.Names, Source: "file", Issuer: leaf.Issuer, NotBefore: &from, NotAfter: &until})
	}
	if s.acme == nil {
		return all
	}
	for _, st := range s.acme.Status() {
		all = append(all, orderedReport(st, time.Now()))
	}
	return all
}

// orderedReport is of a certificate that is ordered here.
func orderedReport(st acme.Status, now time.Time) CertificateReport {
	next := st.Next.UTC()
	if st.Next.IsZero() {
		next = now.UTC()
	}
	r := CertificateReport{
		Names: []string{st.Name}, Source: "acme", Renewal: &next,
		Ordering: st.Ordering, Failures: st.Failure.Count, Error: st.Failure.Error, Late: st.Late,
	}
	if u := st.Unstored; u.Error != "" {
		r.Unstored = &UnstoredReport{Since: u.Since.UTC(), Next: u.Next.UTC(), Error: u.Error}
	}
	if c := st.Certificate; c != nil {
		from, until := c.NotBefore.UTC(), c.NotAfter.UTC()
		r.Issuer, r.NotBefore, r.NotAfter = c.Issuer.String(), &from, &until
	}
	return r
}

// RenewCertificate orders the certificate of a name now, whatever there is and
// whatever has failed before. Other errors than an [*OrderError] do not come.
func (s *Server) RenewCertificate(name string) error {
	if s.acme == nil || s.acme.Renew(name) != nil {
		return s.unknownCertificate(name)
	}
	return nil
}

// RevokeCertificate has the authority revoke the certificate of a name, and
// orders another one. Other errors than an [*OrderError] do not come.
func (s *Server) RevokeCertificate(ctx context.Context, name string) error {
	if s.acme == nil {
		return s.unknownCertificate(name)
	}
	switch err := s.acme.Revoke(ctx, name); {
	case errors.Is(err, acme.ErrUnknownName):
		return s.unknownCertificate(name)
	case err != nil:
		return &OrderError{AuthorityRefuses, err.Error(), "the certificate is served as before"}
	}
	return nil
}

func (s *Server) unknownCertificate(name string) *OrderError {
	return &OrderError{UnknownCertificate, fmt.Sprintf("no certificate is ordered for %q", name), "sterling certs lists the names"}
}
