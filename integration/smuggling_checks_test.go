package integration

import (
	"fmt"
	"strings"

	"sterling/internal/proxytest"
)

// check says what is wrong with a request that reached the backend; "" when
// nothing is.
type check = func(*proxytest.Recorded) string

func all(checks ...check) check {
	return func(r *proxytest.Recorded) string {
		for _, c := range checks {
			if problem := c(r); problem != "" {
				return problem
			}
		}
		return ""
	}
}

func body(want string) check {
	return func(r *proxytest.Recorded) string {
		if string(r.Body) != want {
			return fmt.Sprintf("body %q, want %q", r.Body, want)
		}
		return ""
	}
}

func is(name, want string) check {
	return func(r *proxytest.Recorded) string {
		if got := r.Get(name); got != want {
			return fmt.Sprintf("%s is %q, want %q", name, got, want)
		}
		return ""
	}
}

func isFold(name, want string) check {
	return func(r *proxytest.Recorded) string {
		if got := r.Get(name); !strings.EqualFold(got, want) {
			return fmt.Sprintf("%s is %q, want %q in any case", name, got, want)
		}
		return ""
	}
}

// none: no line of that name, nor one that a server might take for it.
func none(name string) check {
	return func(r *proxytest.Recorded) string {
		if names := r.Alias(name); len(names) > 0 {
			return fmt.Sprintf("%q was passed on", names)
		}
		return ""
	}
}

// unaliased: name stands there under its own spelling alone.
func unaliased(name string) check {
	return func(r *proxytest.Recorded) string {
		for _, n := range r.Alias(name) {
			if strings.Contains(n, "_") {
				return n + " was passed on"
			}
		}
		return ""
	}
}

func noneBut(name, value string) check {
	return func(r *proxytest.Recorded) string {
		if got := r.Get(name); got != "" && !strings.EqualFold(got, value) {
			return fmt.Sprintf("%s: %s was passed on", name, got)
		}
		return ""
	}
}

func one(name string) check {
	return func(r *proxytest.Recorded) string {
		if n := len(r.Values(name)); n != 1 {
			return fmt.Sprintf("%d lines of %s, want one", n, name)
		}
		return ""
	}
}

func targetIs(want string) check {
	return func(r *proxytest.Recorded) string {
		if r.Target != want {
			return fmt.Sprintf("target %q, want %q", r.Target, want)
		}
		return ""
	}
}

func methodIs(want string) check {
	return func(r *proxytest.Recorded) string {
		if r.Method != want {
			return fmt.Sprintf("method %q, want %q", r.Method, want)
		}
		return ""
	}
}
