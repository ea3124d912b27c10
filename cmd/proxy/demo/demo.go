// Package demo sets up a front door to try: three stateful servers as child
// processes, a certificate made on the spot, and a configuration file for
// both, in a folder that is removed at the end.
//
// Start with [Prepare], run the front door on [Demo.Config], call
// [Demo.Announce] once it is bound, and end with [Demo.Close]. The servers are
// this very program, started with the arguments that [Options] names; there
// they call [Serve].
//
// The methods of a Demo may be called by any goroutine. The package never
// listens beyond loopback and never leaves a child behind: they end with their
// parent, however it ends.
package demo

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say what to set up. All addresses must be loopback addresses.
type Options struct {
	HTTPS, HTTP, Admin string
	// Keep leaves the folder in place at the end.
	Keep bool
	// Program and Args start one server; its name and address are added.
	Program string
	Args    []string
	// Out is told what to try, and Err gets what goes wrong in the servers.
	Out, Err io.Writer
}

// Demo is everything around the front door.
type Demo struct {
	opts    Options
	dir     string
	herd    *herd
	control *control
	http    *http.Server
	serving sync.WaitGroup
}

// Prepare makes the folder and starts the servers. Ports that are taken are
// found here, before anything has been started.
func Prepare(o Options) (*Demo, error) {
	if err := free(o); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sterling-demo-")
	if err != nil {
		return nil, fmt.Errorf("making the demo's folder: %w", err)
	}
	d := &Demo{opts: o, dir: dir}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Demo) prepare() error {
	token := rand.Text()
	d.herd = newHerd(d.opts, token)
	if err := d.herd.startAll(); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("starting the demo's control: %w", err)
	}
	d.control = &control{herd: d.herd, token: token}
	d.http = &http.Server{Handler: d.control.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	d.serving.Go(func() {
		_ = d.http.Serve(ln) // ends with Close
	})
	return d.write(ln.Addr())
}

// Config is the path of the configuration file.
func (d *Demo) Config() string { return filepath.Join(d.dir, "sterling.toml") }

// Close ends the servers and removes the folder.
func (d *Demo) Close() error {
	var errs []error
	if d.http != nil {
		errs = append(errs, d.http.Close())
		d.serving.Wait()
	}
	if d.herd != nil {
		d.herd.close()
	}
	if !d.opts.Keep {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return errors.Join(errs...)
}
