package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// profileVariable names the file that a program built for profiles writes.
const profileVariable = "STERLING_BENCH_PROFILE"

// profileSource is a file that is laid over the program's own when it is built
// for profiles, so that the product needs to know nothing of them. One SIGWINCH,
// which the product has no use for, begins a profile, and the next ends it.
const profileSource = `package main

import (
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

func init() {
	path := os.Getenv("` + profileVariable + `")
	if path == "" {
		return
	}
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	asked := make(chan os.Signal, 2)
	signal.Notify(asked, syscall.SIGWINCH)
	go func() {
		for range asked {
			f, err := os.Create(path + ".part")
			must(err)
			must(pprof.StartCPUProfile(f))
			<-asked
			pprof.StopCPUProfile()
			must(f.Close())
			must(os.Rename(path+".part", path))
		}
	}()
}
`

// profileOverlay writes what "go build -overlay" needs to lay profileSource
// over the program, and returns its path.
func profileOverlay(dir string) (string, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", "sterling/cmd/proxy").Output() //nolint:noctx // it lists one package
	if err != nil {
		return "", fmt.Errorf("finding the program's folder: %w", err)
	}
	source, overlay := filepath.Join(dir, "profile.go"), filepath.Join(dir, "overlay.json")
	file, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(strings.TrimSpace(string(out)), "zz_profile.go"): source},
	})
	if err != nil {
		return "", err
	}
	for name, content := range map[string][]byte{source: []byte(profileSource), overlay: file} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			return "", fmt.Errorf("writing the overlay: %w", err)
		}
	}
	return overlay, nil
}

// beginProfile begins a profile of r, if it is one that can be asked.
func (r *running) beginProfile() error {
	if r.profile == "" {
		return nil
	}
	if err := signalProfile(r.cmd.Process.Pid); err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	return nil
}

// endProfile ends the profile of r and returns its file; "": there is none.
func (r *running) endProfile(ctx context.Context) (string, error) {
	if r.profile == "" {
		return "", nil
	}
	if err := signalProfile(r.cmd.Process.Pid); err != nil {
		return "", fmt.Errorf("asking for the end of a profile: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("the profile was not written"))
	defer cancel()
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for {
		if _, err := os.Stat(r.profile); err == nil {
			return r.profile, nil
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// keepProfile moves a profile to where its name says whose it is.
func (b *bench) keepProfile(file, name string) error {
	if file == "" {
		return nil
	}
	dir := b.o.profile
	if dir == "" {
		dir = b.dir
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("making the folder for profiles: %w", err)
	}
	data, err := os.ReadFile(file) //nolint:gosec // of this run
	if err != nil {
		return fmt.Errorf("reading a profile: %w", err)
	}
	kept := filepath.Join(dir, name+".pprof")
	if err := os.WriteFile(kept, data, 0o600); err != nil {
		return fmt.Errorf("keeping a profile: %w", err)
	}
	b.profiles = append(b.profiles, kept)
	return os.Remove(file)
}

// mergeProfiles merges the profiles of the run into one file.
func (b *bench) mergeProfiles(ctx context.Context, file string) error {
	args := append([]string{"tool", "pprof", "-proto", "-output", file}, b.profiles...)
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil { //nolint:gosec // files of this run
		return fmt.Errorf("merging profiles: %w: %s", err, out)
	}
	b.say("merged %d profiles into %s", len(b.profiles), file)
	return nil
}
