package backend

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// patient is a backend's health with a checker whose checks the test answers.
type patient struct {
	*health
	checker *checker
	begin   time.Time

	mu      sync.Mutex // guards what follows
	answer  func(context.Context) error
	checks  []time.Duration // when each began
	changes []string
}

func newPatient(rule CheckOptions, answer func(context.Context) error) *patient {
	p := &patient{begin: time.Now(), answer: answer}
	p.health = newHealth(func(_, to State, reason string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changes = append(p.changes, to.String()+" "+reason)
	})
	p.checker = startChecker(p.health, rule.withDefaults(), checks{
		probe:   func(ctx context.Context) finding { return finding{failure: p.probe(ctx)} },
		outcome: func(start time.Time, f finding) { p.health.checked(start, f.failure) },
	})
	return p
}

func (p *patient) probe(ctx context.Context) error {
	p.mu.Lock()
	p.checks = append(p.checks, time.Since(p.begin))
	answer := p.answer
	p.mu.Unlock()
	return answer(ctx)
}

func (p *patient) answers(answer func(context.Context) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// count returns how many checks have begun.
func (p *patient) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.checks)
}

// history returns the changes of state so far.
func (p *patient) history() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.changes)
}

func well(context.Context) error { return nil }

func refuse(context.Context) error { return syscall.ECONNREFUSED }

func frozen(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func active(interval time.Duration, rise, fall int) CheckOptions {
	return CheckOptions{Kind: CheckHTTP, Interval: interval, Timeout: interval, Rise: rise, Fall: fall}
}

func TestCheckerChecksAtOnceAndThenAboutEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(time.Second, 1, 2), well)
		defer p.checker.stop()
		synctest.Wait()
		if p.current() != Up || p.count() != 1 {
			t.Fatalf("%v after %d checks at once, want up after one", p.current(), p.count())
		}
		time.Sleep(20 * time.Second)
		if n := p.count(); n < 18 || n > 23 {
			t.Errorf("%d checks in 20s, want about 21", n)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		for i := 1; i < len(p.checks); i++ {
			if gap := p.checks[i] - p.checks[i-1]; gap < 900*time.Millisecond || gap > 1100*time.Millisecond {
				t.Errorf("check %d came %v after the one before", i, gap)
			}
		}
	})
}

func TestCheckerCountsRiseAndFall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(time.Second, 3, 2), refuse)
		defer p.checker.stop()
		synctest.Wait()
		if p.current() != Down {
			t.Fatalf("%v after the first failed check, want down", p.current())
		}
		p.answers(well)
		time.Sleep(2500 * time.Millisecond)
		if p.current() != Down {
			t.Fatal("up after two good checks, with rise 3")
		}
		time.Sleep(time.Second)
		if p.current() != Up {
			t.Fatal("not up after three good checks")
		}
		p.answers(func(context.Context) error { return statusError(503) })
		time.Sleep(1200 * time.Millisecond)
		if p.current() != Up {
			t.Fatal("down after one failed check, with fall 2")
		}
		time.Sleep(time.Second)
		if want := []string{"down connection refused", "up ", "down HTTP 503"}; !slices.Equal(p.history(), want) {
			t.Errorf("changes %q, want %q", p.history(), want)
		}
	})
}

func TestCheckerNamesTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(CheckOptions{Kind: CheckTCP, Interval: 5 * time.Second, Timeout: time.Second}, frozen)
		defer p.checker.stop()
		time.Sleep(1500 * time.Millisecond)
		if want := []string{"down timeout after 1s"}; !slices.Equal(p.history(), want) {
			t.Errorf("changes %q, want %q", p.history(), want)
		}
	})
}

func TestSuspicionTakesAFrozenBackendDownWithOverlappingChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(500*time.Millisecond, 1, 2), well)
		defer p.checker.stop()
		time.Sleep(10 * time.Millisecond)
		p.answers(frozen)
		p.suspect()
		synctest.Wait()
		if p.count() != 2 {
			t.Fatalf("%d checks, want one at once beside the first", p.count())
		}
		time.Sleep(125*time.Millisecond + 500*time.Millisecond + time.Millisecond)
		if p.current() != Down {
			t.Errorf("%v after a quarter of the interval and the timeout", p.current())
		}
	})
}

func TestSuspicionEndsWithAGoodCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(time.Second, 1, 2), well)
		defer p.checker.stop()
		time.Sleep(10 * time.Millisecond)
		p.suspect()
		time.Sleep(800 * time.Millisecond)
		if p.count() != 2 || p.current() != Up {
			t.Errorf("%d checks, %v: want one for the suspicion, and up", p.count(), p.current())
		}
	})
}

func TestSuspicionsInARowAreCheckedAQuarterOfTheIntervalApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(time.Second, 1, 2), well)
		defer p.checker.stop()
		for range 1000 {
			time.Sleep(time.Millisecond)
			p.suspect()
			p.exchangeFailed("closed without an answer", true)
		}
		if n := p.count(); n < 4 || n > 7 {
			t.Errorf("%d checks in a second of constant suspicion, want about 5", n)
		}
	})
}

func TestAFailedCheckThatBeganBeforeAGoodOneDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(CheckOptions{Kind: CheckHTTP, Interval: time.Hour, Timeout: time.Second, Fall: 1}, well)
		defer p.checker.stop()
		time.Sleep(time.Millisecond)
		p.answers(frozen)
		p.suspect()
		synctest.Wait()
		p.answers(well)
		p.checked(time.Now().Add(time.Millisecond), nil)
		time.Sleep(2 * time.Second)
		if p.current() != Up {
			t.Error("down, though a later check has passed")
		}
	})
}

func TestFailedConnectsTakeABackendDown(t *testing.T) {
	for name, rule := range map[string]CheckOptions{
		"with checks":    active(time.Hour, 1, 2),
		"without checks": {Fall: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPatient(rule, well)
				defer p.checker.stop()
				synctest.Wait()
				p.answers(frozen)
				p.connectFailed("connection refused")
				p.answered()
				p.connectFailed("connection refused")
				if p.current() != Up {
					t.Fatal("down, though the failures were not in a row")
				}
				p.connectFailed("connection refused")
				if p.current() != Down {
					t.Error("not down after two failed connects in a row")
				}
			})
		})
	}
}

func TestAFailedConnectIsFollowedByACheckAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(active(time.Hour, 1, 1), well)
		defer p.checker.stop()
		synctest.Wait()
		p.answers(refuse)
		p.exchangeFailed("connection reset", true)
		if p.current() != Up {
			t.Fatal("a reset after the request was sent counted by itself")
		}
		synctest.Wait()
		if p.current() != Down {
			t.Errorf("%v: the check that a reset asks for was not made at once", p.current())
		}
	})
}

func TestWithoutChecksAFailedExchangeCountsIfItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(CheckOptions{}, well)
		defer p.checker.stop()
		synctest.Wait()
		for range 10 {
			p.exchangeFailed("timeout after 30s", false)
		}
		if p.current() != Up {
			t.Fatal("a request that has counted elsewhere took the backend down")
		}
		for range 3 {
			p.exchangeFailed("timeout after 30s", true)
		}
		if p.current() != Down {
			t.Error("up after three failed exchanges in a row")
		}
	})
}

func TestWithoutChecksABackendIsProbedOnlyWhileItIsNotUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(CheckOptions{Interval: time.Second, Fall: 1}, well)
		defer p.checker.stop()
		time.Sleep(time.Minute)
		if p.count() != 1 || p.current() != Up {
			t.Fatalf("%d probes, %v: want one for the unproven, none while up", p.count(), p.current())
		}
		p.connectFailed("connection refused")
		time.Sleep(500 * time.Millisecond)
		if p.count() != 1 || p.current() != Down {
			t.Fatalf("%d probes, %v: it was asked again with the same breath", p.count(), p.current())
		}
		time.Sleep(time.Second)
		if p.count() != 2 || p.current() != Up {
			t.Errorf("%d probes, %v: want one after the interval", p.count(), p.current())
		}
	})
}

func TestWithoutChecksAnAnswerProvesABackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPatient(CheckOptions{}, refuse)
		defer p.checker.stop()
		synctest.Wait()
		p.answered()
		if p.current() != Up {
			t.Error("a backend that answers is not up")
		}
	})
}

func TestStoppingTheCheckerWaitsForItsChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Bool
		p := newPatient(active(time.Second, 1, 2), func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return errors.New("stopped")
		})
		synctest.Wait()
		p.checker.stop()
		if !ended.Load() || p.current() != Unproven {
			t.Errorf("ended %v, state %v: want the check waited for and its outcome dropped", ended.Load(), p.current())
		}
	})
}
