// Package telemetry is what the modules for metrics share: the clients and verifiers whose state is
// shown, as samples with unique labels, and the closed sets that labels come from.
//
// Two clients may have the same labels: a program made two of one identity, or both get their
// tokens from credentials, which have no id. They are shown as one, with the worse state of the
// two: an alert must not depend on which of them was written last.
package telemetry
