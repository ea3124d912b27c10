//go:build !linux

package main

import (
	"errors"
	"os/exec"
	"time"
)

// The command ends before it comes to any of these.

var errLinux = errors.New("needs Linux")

func start(*exec.Cmd, []int) error { return errLinux }
func kill(int, bool)               {}
func signalProfile(int) error      { return errLinux }
func nap(time.Duration)            {}
func raiseDescriptors() error      { return errLinux }
func allowed() ([]int, error)      { return nil, errLinux }
