package backend

import (
	"os"
	"syscall"
	"testing"
	"time"

	"sterling/internal/proxytest"
)

// withoutDescriptors runs test while the process can open no more.
func withoutDescriptors(t *testing.T, test func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		proxytest.Skip(t, "no limit is known here")
	}
	few := before
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		proxytest.Skip(t, "the limit cannot be changed here")
	}
	var open []*os.File
	defer func() {
		for _, f := range open {
			_ = f.Close()
		}
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	}()
	// What is closed meanwhile, as a check's connection is, leaves a place.
	for quiet := 0; quiet < 4; quiet++ {
		for {
			f, err := os.Open(os.DevNull)
			if err != nil {
				break
			}
			open, quiet = append(open, f), 0
		}
		time.Sleep(25 * time.Millisecond)
	}
	test()
}

func TestWantOfDescriptorsTakesNoBackendDown(t *testing.T) {
	url, _ := serve(t, H1, false, echo)
	for name, rule := range map[string]CheckOptions{
		"passive": {Fall: 2},
		"checked": {Kind: CheckTCP, Interval: 10 * time.Millisecond, Timeout: time.Second, Fall: 2, Rise: 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t, PoolOptions{Check: rule}, url)
			m := f.pool.members[0]
			eventually(t, "the backend is up", func() bool { return m.State() == Up })
			withoutDescriptors(t, func() {
				for range 5 {
					_, _, err := exchange(t, m, "POST", "x")
					wantError(t, err, ConnectFailed)
				}
				if rule.Kind == CheckTCP {
					time.Sleep(100 * time.Millisecond) // several checks, which leave no trace
				}
				if s := m.State(); s != Up {
					t.Errorf("%v, because this process ran out of descriptors", s)
				}
			})
		})
	}
}
