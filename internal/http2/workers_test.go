package http2

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestWorkersAreUsedAgainAndEndWhenTheyAreNotNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handlers sync.WaitGroup
		s := NewServer(ServerOptions{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			defer handlers.Done()
			time.Sleep(time.Second)
		})})
		c, served := pipe(t, s)
		c.greet()
		stream := uint32(1)
		run := func(n int) {
			handlers.Add(n)
			for range n {
				c.open(stream, true, get)
				stream += 2
			}
			handlers.Wait()
			synctest.Wait()
		}
		idle := func() int {
			s.workers.workersMu.Lock()
			defer s.workers.workersMu.Unlock()
			return len(s.workers.idle)
		}
		for range 2 {
			run(50)
			if n := idle(); n < 50 || n > 52 { // some write
				t.Errorf("%d are idle", n)
			}
		}
		for range 10 { // one of them is enough for this
			run(1)
			time.Sleep(2 * time.Second)
		}
		if n := idle(); n < 1 || n > 4 {
			t.Errorf("%d are idle when few are needed", n)
		}
		time.Sleep(3 * workerPatience)
		synctest.Wait()
		if n := idle(); n != 0 {
			t.Errorf("%d are idle when none is needed", n)
		}
		run(3)
		_ = s.Close()
		<-served // and all workers, or the bubble would not end
	})
}
