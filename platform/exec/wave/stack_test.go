package wave_test

import (
	"testing"

	"github.com/mainstem/mainstem/platform/exec/wave"
)

// BenchmarkDeepen is what a goroutine costs that goes as deep as calls of sources do, and what it costs if its stack is deep enough from the beginning.
func BenchmarkDeepen(b *testing.B) {
	for name, begin := range map[string]func(){"grows as it goes": func() {}, "has grown": wave.Deepen} {
		b.Run(name, func(b *testing.B) {
			done := make(chan int)
			for b.Loop() {
				go func() {
					begin()
					done <- deep(60, [8]int{})
				}()
				<-done
			}
		})
	}
}

// deep calls itself as often as a call of a source calls something, with frames as large as most are.
//
//go:noinline
func deep(more int, frame [8]int) int {
	if more == 0 {
		return frame[0]
	}
	frame[more%8]++
	return deep(more-1, frame) + frame[7]
}
