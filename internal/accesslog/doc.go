// Package accesslog writes the log that holds one line a request.
//
// Start with [Open], call [Log.Write] once at the end of each request, and
// [Log.Close] when the process ends. [NewScanner] reads JSON lines back.
//
// Any number of goroutines may call any method of a [Log] at the same time.
// Write never waits for the disk: lines go into a bounded queue that one
// goroutine empties, and a line that finds no room is dropped and counted.
// Lines gather for up to 50 ms, or until there are 64 KiB of them or half of
// what the queue holds, so that one write call takes many; Close and Reopen end
// the wait. A line is written whole or not at all, lines never mix, and no value
// of a record, whatever bytes a client sent, can forge or split a line.
//
// The package never logs, never rotates files by itself, and never writes a
// value that is not a field of [Record]: what must stay secret is kept out of
// the record by its caller.
package accesslog
