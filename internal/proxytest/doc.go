// Package proxytest is the bench on which a front door is tested: a test CA,
// backends that record every byte or misbehave on purpose, clients that send
// bytes as they are, and the real process behind a small handle.
//
// Start with [Start], which builds cmd/proxy once, writes a configuration
// file, runs the process and waits until it is ready:
//
//	b := proxytest.NewRecorder(t, nil)
//	p := proxytest.Start(t, proxytest.Options{Config: proxytest.Pool("app", b.Addr)})
//	res, err := p.Client("front", false).Get(p.URL("front") + "/")
//
// Everything that is handed a testing.TB ends with that test. Recorders and
// counters may be used by any number of goroutines; the raw clients belong to
// one goroutine at a time. Nothing here uses a fixed port or talks to
// anything but loopback.
package proxytest
