package main

import (
	"os"
	"testing"
)

// The test program takes the roles of the bench, too.
func TestMain(m *testing.M) {
	if roles[role(os.Args)] != nil {
		os.Exit(play(os.Args))
	}
	os.Exit(m.Run())
}
