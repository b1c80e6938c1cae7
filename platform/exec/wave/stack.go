package wave

// Deepen has the stack of a goroutine that has just begun grow at once to the 16 KiB that calling a source takes. Stacks begin small and double when they are full, and
// what is on them is moved then, frame by frame: in the middle of a call that costs more than the call's own work (BenchmarkDeepen). Go has it done; what starts runners
// by itself does it too.
func Deepen() { deepen(nil) }

// room is half of what a stack of 16 KiB has room for: a frame of deepen has it twice.
const room = 6 << 10

// deepen has a large frame for what it would call take with, and leaves it as it is.
//
//go:noinline
func deepen(with *[room]byte) {
	if with != nil {
		take(*with)
	}
}

//go:noinline
func take([room]byte) {}
