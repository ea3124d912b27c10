// Package session keeps a visitor on the server that knows them.
//
// It does so with a cookie that holds the name of a backend, encrypted and
// authenticated, so that a client can neither read it, nor choose a server,
// nor renew its own pin. Nothing needs to be stored for a visitor on this side; the
// keys remember some of the cookies that they verified lately, a bounded number
// of them, and only to save the work of verifying them again.
//
// Start with [LoadOrCreate], which reads the key file, and [New], which makes
// the [Affinity] of one pool. For each request call [Affinity.Read], then
// [Affinity.Strip] on what goes to the backend, and [Affinity.Write] once, on
// the answer of the backend that really answered, when the visitor is new, was
// moved, or [Affinity.Due] says so. Who has read the clock already uses
// [Affinity.ReadAt] and [Affinity.DueAt].
//
// An Affinity, its Keys and its Counts may be used by any number of goroutines
// at once. A bad cookie is never an error: it is a [Verdict], and the visitor
// is assigned anew.
//
// The package never writes a cookie on its own, never logs, never opens a
// socket, and no error or printed value of it holds a secret or a cookie.
package session
