package acme

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// Directories of Let's Encrypt.
const (
	DefaultDirectory = autocert.DefaultACMEDirectory
	StagingDirectory = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// Options of a Manager.
type Options struct {
	// Names are those to have certificates for, in lower case, each with one of
	// its own.
	Names []string
	// Email is told to the authority for its warnings; "": none.
	Email string
	// Directory is the authority's URL; "": DefaultDirectory.
	Directory string
	// Roots are whom to trust for the directory itself; nil: the system's.
	Roots *x509.CertPool
	// BindingID and BindingKey belong the account to one that the authority
	// knows already (RFC 8555, section 7.3.4); "" and nil: there is none.
	BindingID  string
	BindingKey []byte
	// Storage is where all is kept.
	Storage Storage
	// Challenges are the kinds that can be answered, the best first. After a
	// failure it is the next one's turn.
	Challenges []string
	// Wait is how long Await waits at most.
	Wait time.Duration
	// Peek is how often it is looked at what other processes have stored; 0:
	// every minute.
	Peek time.Duration
	// Transport speaks to the authority; nil: one of its own, with Roots.
	Transport http.RoundTripper
	// OnEvent hears of what happened; it is called by one goroutine at a time
	// for a name, and must not call the Manager's Close. nil: nobody does.
	OnEvent func(Event)
}

func (o *Options) binding() *acme.ExternalAccountBinding {
	if o.BindingID == "" {
		return nil
	}
	return &acme.ExternalAccountBinding{KID: o.BindingID, Key: o.BindingKey}
}

// Event is something that happened to a name, or to the account.
type Event struct {
	Name string // "": it is about the account
	// Contact is the e-mail address that the account has from now on, or, with
	// Err, does not have yet; "": it is about something else.
	Contact string
	// Certificate is the one that is served from now on; nil: that did not
	// change.
	Certificate *tls.Certificate
	// Ordered says that the certificate was ordered just now: else it was found
	// in the storage, where another process has put it.
	Ordered bool
	// Err is what went wrong; nil: nothing did.
	Err error
	// Next is when it is tried again, or renewed.
	Next time.Time
}

// atOnce is how many orders are under way at a time.
const atOnce = 4

// lookAgain is when a name is looked at again that another process has locked.
const lookAgain = 2 * time.Second

// Manager keeps the certificates of some names. Make it with New.
type Manager struct {
	opts       Options
	transport  http.RoundTripper
	challenges challenges

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wake   chan struct{} // has the loop look again
	tasks  sync.WaitGroup

	accountMu  sync.Mutex
	accountKey crypto.Signer

	mu       sync.Mutex // guards what follows
	sites    map[string]*site
	ordering int

	waiting atomic.Int64 // handshakes
}

// New reads what is stored. The error says that the storage cannot be used.
func New(o Options) (*Manager, error) {
	if o.Directory == "" {
		o.Directory = DefaultDirectory
	}
	if o.Peek == 0 {
		o.Peek = time.Minute
	}
	if c, ok := o.Storage.(interface{ Check() error }); ok {
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	m := &Manager{
		opts: o, transport: o.Transport, challenges: challenges{storage: o.Storage, own: make(map[string][]byte)},
		wake: make(chan struct{}, 1), sites: make(map[string]*site),
	}
	if m.transport == nil {
		m.transport = &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: time.Minute,
			MaxIdleConns: atOnce, IdleConnTimeout: 30 * time.Second,
		}
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	m.SetNames(o.Names)
	return m, nil
}

// Start begins to order what is missing or due.
func (m *Manager) Start() {
	m.tasks.Go(m.run)
	m.tasks.Go(m.contact)
}

// Close ends what is under way, and waits for it.
func (m *Manager) Close() {
	m.cancel()
	m.tasks.Wait()
	if t, ok := m.transport.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

// SetNames replaces the list of names. Those that stay keep their certificates,
// and their orders go on.
func (m *Manager) SetNames(names []string) {
	fresh := make(map[string]*site)
	for _, name := range names {
		if !m.has(name) {
			fresh[name] = m.load(name)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.sites, func(name string, _ *site) bool { return !slices.Contains(names, name) })
	maps.Copy(m.sites, fresh)
	m.look()
}

// load reads what is stored of a name.
func (m *Manager) load(name string) *site {
	s := &site{name: name, settled: make(chan struct{})}
	cert, err := readCertificate(m.ctx, m.opts.Storage, name)
	if err != nil && !errors.Is(err, ErrNone) {
		m.tell(Event{Name: name, Err: err})
	}
	if s.failure = readFailure(m.ctx, m.opts.Storage, name); s.failure.interrupted() {
		s.failure = Failure{} // attend looks who is at it
	}
	now := time.Now()
	if s.cert = cert; cert != nil {
		s.forced = isRevoked(m.ctx, m.opts.Storage, name, cert)
		s.since = readArrival(m.ctx, m.opts.Storage, name, cert)
	}
	s.schedule()
	// Who comes waits only for what may come soon.
	if cert != nil && now.Before(cert.Leaf.NotAfter) || s.due.After(now) {
		s.settle()
	}
	return s
}

func (m *Manager) has(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sites[name] != nil
}

// look has the loop see what is due.
func (m *Manager) look() {
	select {
	case m.wake <- struct{}{}:
	default: // it was told already
	}
}

func (m *Manager) tell(e Event) {
	if m.opts.OnEvent != nil {
		m.opts.OnEvent(e)
	}
}

// run starts what is due, until the end.
func (m *Manager) run() {
	peek := time.Now().Add(m.opts.Peek)
	for m.ctx.Err() == nil {
		if now := time.Now(); !now.Before(peek) {
			peek = now.Add(m.opts.Peek)
			m.peek()
		}
		timer := time.NewTimer(m.startDue(time.Now()))
		select {
		case <-m.ctx.Done():
		case <-m.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// peek takes up what another process has renewed.
func (m *Manager) peek() {
	m.mu.Lock()
	var events []Event
	var changed []*site
	for _, s := range m.sorted() {
		e := Event{Name: s.name}
		if !s.working && m.takeUp(s, &e, false) {
			changed, events = append(changed, s), append(events, e)
		}
	}
	m.mu.Unlock()
	for _, e := range events {
		m.tell(e) // first: who waits is to find it served
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range changed {
		s.settle()
	}
}

// startDue starts a task for each name that is due, and returns when to look again.
func (m *Manager) startDue(now time.Time) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	wait := m.opts.Peek // no longer: a clock may be set
	for _, s := range m.sorted() {
		if s.working {
			continue
		}
		if left := s.due.Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		if m.ordering == atOnce {
			break // the one that ends looks again
		}
		m.ordering++
		s.working = true
		m.tasks.Go(func() { m.work(s) })
	}
	return wait
}

// sorted are the sites by the time at which they are due.
func (m *Manager) sorted() []*site {
	all := make([]*site, 0, len(m.sites))
	for _, s := range m.sites {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *site) int {
		if c := a.due.Compare(b.due); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	return all
}

// work does what is due for a name.
func (m *Manager) work(s *site) {
	event, told := m.attend(s)
	if told && m.ctx.Err() == nil {
		m.tell(event) // first: who waits is to find it served
	}
	m.mu.Lock()
	m.ordering--
	s.working = false
	if event.Err != nil || event.Certificate != nil || s.due.After(time.Now().Add(lookAgain)) {
		s.settle()
	}
	m.mu.Unlock()
	m.look()
}
