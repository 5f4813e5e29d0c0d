//go:build !unix

package operation

// SurviveSIGPIPE does nothing: there is no such signal.
func SurviveSIGPIPE() (stop func()) { return func() {} }
