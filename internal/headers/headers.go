// Package headers holds the rules by which a reverse proxy changes headers:
// what it takes out of a request because only its peer may have meant it
// (hop-by-hop) or because anyone can claim it (protected names), what it puts
// in, whom it believes about the client, the rules of a configuration with
// their placeholders, and how an answer's links and cookies come to name the
// front door.
//
// A request passes through in this order: [Trust.Client] reads what a trusted
// peer said, [RemoveHopByHop] and [StripRequest] take out, [SetForwarded] puts
// in, [Rules.Apply] has the last word. An answer passes through
// [RemoveHopByHop], [Rewriter.Answer] and [Rules.Apply].
//
// For a path that must be cheap, [CleanRequest], [Rewriter.CleanAnswer] and
// [Rewriter.PassAnswer] do several of these steps in one, [SetForwardedIn] and
// [Rules.ApplyIn] take the space for values from a [Room], and [Peer] finds the
// text of an address where it stands already.
//
// Trust, Rules, Template and Rewriter are immutable: any number of goroutines
// may use one at once. Headers handed in belong to the caller, and must not be
// used by another goroutine meanwhile. The package never logs, never reads a
// clock, and never touches a body.
package headers
