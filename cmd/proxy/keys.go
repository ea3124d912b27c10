package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"sterling/session"
)

// keyFile is what the keys commands work on.
type keyFile struct {
	env
	config string
	path   string
}

func keysCommand(e env) *cobra.Command {
	k := &keyFile{env: e}
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, add and drop the keys of affinity cookies; make one for encrypted client hellos",
		Long: `List, add and drop the keys of affinity cookies. No secret is ever shown.

The first key signs, all of them verify. To rotate: add, reload, and drop the
old key once the longest [pool.affinity] life has passed. With several replicas,
add with --verify-only, bring the file to all of them, reload them, then promote.`,
		Args: noCommand(map[string]string{"rotate": rotateKeys}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage("what about the keys?", "use list, add, promote, drop or ech")
		},
	}
	cmd.PersistentFlags().StringVarP(&k.config, "config", "c", "", "the configuration `FILE` that names the key file")
	cmd.AddCommand(k.listCommand(), k.addCommand(), k.promoteCommand(), k.dropCommand(), echCommand(e))
	return cmd
}

func (k *keyFile) listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list -c FILE",
		Short: "List the ids of the keys, newest first",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			keys, err := k.load()
			if err != nil {
				return err
			}
			return k.print(keys)
		},
	}
}

func (k *keyFile) addCommand() *cobra.Command {
	var verifyOnly bool
	cmd := &cobra.Command{
		Use:   "add -c FILE",
		Short: "Add a new key, which signs from the next reload on",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			return k.change(session.LoadOrCreate, func(keys *session.Keys) (*session.Keys, error) {
				switch {
				case keys.Created():
					return keys, nil // its first key is the new one
				case verifyOnly:
					return keys.Stage()
				default:
					return keys.Rotate(0)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&verifyOnly, "verify-only", false, "put it at the end, so that it verifies but does not sign yet")
	return cmd
}

func (k *keyFile) promoteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "promote ID -c FILE",
		Short: "Make a key the one that signs",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return k.change(session.LoadKeys, func(keys *session.Keys) (*session.Keys, error) { return keys.Promote(args[0]) })
		},
	}
}

func (k *keyFile) dropCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drop ID -c FILE",
		Short: "Drop a key; visitors whose cookie it signed are assigned anew",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return k.change(session.LoadKeys, func(keys *session.Keys) (*session.Keys, error) { return keys.Drop(args[0]) })
		},
	}
}

// load reads the key file that the configuration names.
func (k *keyFile) load() (*session.Keys, error) {
	if err := k.find(); err != nil {
		return nil, err
	}
	keys, err := session.LoadKeys(k.path)
	return keys, k.explain(err)
}

// explain says what to do about a key file that is not there, or broken.
func (k *keyFile) explain(err error) error {
	var broken *session.KeyFileError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = fmt.Errorf("%s does not exist yet; the first run makes it, and so does \"sterling keys add\"", k.path)
	case errors.As(err, &broken):
		err = fmt.Errorf("%w; %s", err, session.KeyFileHint)
	}
	return failed(err)
}

func (k *keyFile) find() error {
	if err := needConfig(k.config); err != nil {
		return err
	}
	cfg, err := loadConfig(k.env, k.config)
	if err != nil {
		return err
	}
	k.path = cfg.Affinity.Keys
	return nil
}

// change saves what edit makes of the keys that get finds.
func (k *keyFile) change(get func(path string) (*session.Keys, error), edit func(*session.Keys) (*session.Keys, error)) error {
	if err := k.find(); err != nil {
		return err
	}
	keys, err := get(k.path)
	if err != nil {
		return k.explain(err)
	}
	if keys, err = edit(keys); err != nil {
		return failed(err)
	}
	if err := keys.Save(k.path); err != nil {
		return failed(err)
	}
	if err := k.print(keys); err != nil {
		return err
	}
	_, err = fmt.Fprintln(k.stderr, "A running process takes this up with: sterling reload -c", k.config)
	return failed(err)
}

func (k *keyFile) print(keys *session.Keys) error {
	for i, id := range keys.IDs() {
		use := "verifies"
		if i == 0 {
			use = "signs"
		}
		if _, err := fmt.Fprintf(k.stdout, "%-16s  %s\n", id, use); err != nil {
			return failed(err)
		}
	}
	if keys.Exposed() {
		_, _ = fmt.Fprintf(k.stderr, "warning: others than its owner may use %s; chmod 600 it\n", k.path)
	}
	return nil
}
