// Package operation is what the long-running commands have in common: where they listen and which
// requests they answer, health, readiness and metrics, the notification of systemd, reloading by
// SIGHUP, and how they end.
package operation
