// Package tls holds the certificates of a front door and chooses among them,
// and makes the client side toward backends.
//
// Start with [Load], which reads pairs of PEM files into a [Store], and
// [Store.ServerConfig], which a listener serves with. A reload loads a second
// Store and hands it to [Store.Replace]; no socket is bound anew. Toward
// backends, [ClientConfig] makes a configuration that always verifies.
//
// A Store may be used by any number of goroutines at once; choosing a
// certificate takes no lock. In this package the identifier tls means
// crypto/tls; it is imported elsewhere as proxytls, and exports no name that
// crypto/tls exports.
//
// The package never skips verification, never logs, never opens a socket, and
// no error of it holds a key.
package tls
