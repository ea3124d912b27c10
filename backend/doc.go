// Package backend knows the servers behind the front door: which of them may
// be used, which one comes next, and how a request gets there and back.
//
// Start with [NewSet], hand it the pools with [Set.Build], and start them:
//
//	set := backend.NewSet(backend.SetOptions{OnEvent: report})
//	defer set.Close()
//	pools, err := set.Build([]backend.PoolOptions{{Name: "app", Backends: servers}})
//	if err != nil { … }
//	pools.Start()
//	member, _ := pools.Pool("app").Pick(backend.Tried{})
//	response, err := member.RoundTrip(request, &backend.Call{})
//
// Three things with three lives: a [Set] lives as long as the process and owns
// every [Backend]; [Pools] are one configuration's view of them and never
// change; a [Call] belongs to one attempt of one request. A Backend is found
// again by what it is (pool, name, URL, protocol, TLS settings), so its health,
// counters and idle connections outlive a reload. What a configuration says
// about it (weight, priority, limits, timeouts) is in the [Member].
//
// Every exported method may be called from any number of goroutines at once,
// but a Call and a response body belong to one goroutine, as usual. Choosing
// and forwarding take no lock that is shared between pools.
//
// The package never logs, never reads a file, never retries on another backend
// by itself, and never sends a request twice: what may be tried again is told
// by [Error], and the caller decides.
package backend
