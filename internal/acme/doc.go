// Package acme keeps certificates from a certificate authority that speaks ACME
// (RFC 8555): it orders them, stores them, and renews them in time.
//
// Start with [New], which reads what is stored, then [Manager.Start]; end it
// with [Manager.Close]. [Manager.Certificates] are those to serve,
// [Manager.Challenge] and [Manager.Token] answer the authority's questions, and
// [Manager.Await] has a first visitor wait for a first certificate.
//
// One order is the work of autocert: account, challenge, request, validation.
// When there is one is decided here: never for a name that was not given to New
// or SetNames, never while another process has the name's lock, never before
// the time that the last failure has set, and once a third of a certificate's
// life is left.
//
// The package never logs; it reports through a callback. A Manager may be used
// by any number of goroutines.
package acme
