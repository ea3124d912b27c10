//go:build !linux

package main

func noDumpOfMemory() error { return nil }
