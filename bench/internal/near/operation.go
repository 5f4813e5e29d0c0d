package near

import "testing"

// Operation is what is measured. Run fails the test itself if it does not do its work, and may be
// called by many goroutines.
type Operation struct {
	Name string
	Run  func()
}

// Find returns the operation called name. It fails the test if there is none.
func Find(tb testing.TB, operations []Operation, name string) func() {
	tb.Helper()
	for _, op := range operations {
		if op.Name == name {
			return op.Run
		}
	}
	tb.Fatalf("near: no operation is called %q", name)
	return nil
}

// Benchmark measures each operation alone, as name/serial, and on all processors, as name/parallel.
func Benchmark(b *testing.B, operations []Operation) {
	for _, op := range operations {
		b.Run(op.Name+"/serial", func(b *testing.B) {
			for b.Loop() {
				op.Run()
			}
		})
		b.Run(op.Name+"/parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					op.Run()
				}
			})
		})
	}
}

// Must fails the test if err is not nil, in any goroutine, and goes on.
func Must(tb testing.TB, err error) {
	if err != nil {
		tb.Error(err)
	}
}
