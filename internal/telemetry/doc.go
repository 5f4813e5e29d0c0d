// Package telemetry is what the modules for metrics share: whose state is shown, in samples of
// which no two have the same labels, and the closed sets that labels come from.
//
// Two clients may have the same labels: a program made two of one identity, or both get their
// tokens from credentials, which have no id. They are shown as one, which is as badly off as the
// worse of them: an alert must not depend on which of the two was written last.
package telemetry
