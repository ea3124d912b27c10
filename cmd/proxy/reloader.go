package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"sterling/internal/admin"
	"sterling/internal/config"
	"sterling/internal/notify"
	"sterling/proxy"
)

// reloader reads the configuration again, one reload at a time.
type reloader struct {
	path    string
	door    *proxy.Server
	log     zerolog.Logger
	service *notify.Service
	current atomic.Pointer[config.Config] // the one in effect

	running sync.Mutex    // held while a reload runs, or an upgrade; guards closed
	paused  atomic.Bool   // it is an upgrade
	closed  bool          // the process is stopping
	asked   chan struct{} // one slot: what was asked for while a reload ran happens once after it
	done    chan struct{}
	loop    sync.WaitGroup
	once    sync.Once
}

func newReloader(cfg *config.Config, p *process) *reloader {
	r := &reloader{
		path: cfg.Path, door: p.door, log: p.log.Logger, service: p.service,
		asked: make(chan struct{}, 1), done: make(chan struct{}),
	}
	r.current.Store(cfg)
	r.loop.Go(func() {
		for {
			select {
			case <-r.asked:
				r.running.Lock()
				_, _ = r.reload() // it has been logged
				r.running.Unlock()
			case <-r.done:
				return
			}
		}
	})
	return r
}

// Soon reloads on the reloader's own goroutine; after Close it does nothing.
func (r *reloader) Soon() {
	select {
	case r.asked <- struct{}{}:
	default:
	}
}

// Now reloads and reports, or refuses while another reload runs.
func (r *reloader) Now(context.Context) (proxy.Report, error) {
	if !r.running.TryLock() {
		problem := "another reload is running"
		if r.paused.Load() {
			problem = "an upgrade is running"
		}
		return proxy.Report{}, &admin.Refusal{
			Status:  http.StatusConflict,
			Problem: problem,
			Hint:    "ask again when it has ended",
		}
	}
	defer r.running.Unlock()
	return r.reload()
}

// Pause refuses reloads until Resume. It reports false where one is running.
func (r *reloader) Pause() bool {
	if !r.running.TryLock() {
		return false
	}
	r.paused.Store(true)
	return true
}

// Quit follows a Pause, in place of Resume: no reload will run again.
func (r *reloader) Quit() {
	r.closed = true
	r.Resume()
	r.Close(context.Background()) // none runs
}

// Resume follows a Pause.
func (r *reloader) Resume() {
	r.paused.Store(false)
	r.running.Unlock()
}

// Close waits for a reload that runs, until ctx ends at the latest, and admits no
// further one. It reports whether that reload has ended: one may hang, in a file
// system for instance, and then is left to the end of the process.
func (r *reloader) Close(ctx context.Context) bool {
	r.once.Do(func() { close(r.done) })
	ended := make(chan struct{})
	go func() { // for as long as the reload runs
		defer close(ended)
		r.loop.Wait()
		r.running.Lock()
		defer r.running.Unlock()
		r.closed = true
	}()
	select {
	case <-ended:
		return true
	case <-ctx.Done():
		return false
	}
}

func (r *reloader) reload() (proxy.Report, error) {
	if r.closed {
		return proxy.Report{}, &admin.Refusal{
			Status:  http.StatusConflict,
			Problem: "the process is stopping",
			Hint:    "start it anew",
		}
	}
	r.tell(r.service.Reloading())
	defer func() { r.tell(r.service.Ready("serving")) }()
	cfg, problems := examine(r.path)
	if problems.Errors() > 0 {
		return proxy.Report{}, r.refuse(problems)
	}
	r.logProblems(problems)
	report, err := r.door.Reload(cfg)
	if errors.As(err, &problems) {
		return proxy.Report{}, r.refuse(problems)
	}
	if err != nil {
		r.log.Error().Err(err).Msg("reload failed; the old configuration still serves")
		return proxy.Report{}, err
	}
	r.current.Store(cfg)
	for _, line := range report.Changes {
		r.log.Info().Str("change", line).Msg("reload")
	}
	for _, line := range report.Kept {
		r.log.Info().Str("kept", line).Msg("reload")
	}
	for _, line := range report.Restart {
		r.log.Warn().Str("setting", line).Msg("restart to apply")
	}
	r.log.Info().Uint64("generation", report.Generation).Int("changes", len(report.Changes)).Msg("reloaded")
	return report, nil
}

func (r *reloader) tell(err error) {
	if err != nil {
		r.log.Warn().Err(err).Msg("service manager")
	}
}

func (r *reloader) refuse(problems config.Problems) *admin.Refusal {
	problems.Sort()
	r.logProblems(problems)
	r.log.Error().Int("problems", problems.Errors()).Msg("reload refused; the old configuration still serves")
	refusal := &admin.Refusal{
		Problem: "the configuration is bad; the old one still serves",
		Hint:    "mend the file; \"sterling check\" tries it without a reload",
	}
	for _, p := range problems {
		refusal.Problems = append(refusal.Problems, p.String())
	}
	return refusal
}

func (r *reloader) logProblems(problems config.Problems) {
	for _, p := range problems {
		level := zerolog.ErrorLevel
		if p.Warning {
			level = zerolog.WarnLevel
		}
		r.log.WithLevel(level).Msg(p.String())
	}
}
