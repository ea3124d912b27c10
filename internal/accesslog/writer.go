package accesslog

import "os"

// run is the goroutine that writes. It ends after the queue was closed.
func (l *Log) run() {
	defer close(l.ended)
	for {
		b := l.queue.take()
		if b.next != nil {
			l.replace(b.next)
			close(b.switched)
		}
		l.write(b)
		if b.last {
			l.finish()
			return
		}
	}
}

func (l *Log) write(b batch) {
	var written, lost int
	var err error
	if b.lines > 0 {
		written, lost, err = l.output.write(b.text)
	}
	l.queue.settle(b, written, lost)
	l.count(err)
	l.events.drops(l.Dropped())
}

// replace goes on with a file that is open already, so that there is no moment
// without one.
func (l *Log) replace(f *os.File) {
	old := l.output
	l.outputMu.Lock()
	l.output = newFileOutput(f)
	l.outputMu.Unlock()
	written, lost, err := old.close()
	l.queue.settle(batch{}, written, lost)
	l.count(err)
}

func (l *Log) finish() {
	written, lost, err := l.output.close()
	l.queue.settle(batch{}, written, lost)
	l.final = err
}

func (l *Log) count(err error) {
	if err != nil {
		l.errors.Add(1)
		l.events.failed(err)
	}
}
