// Package bench is the root of a separate module, which measures aztoken's claims side by side with
// other libraries: in outages, under load and for a fleet. Each folder is one program or one set of
// benchmarks; README.md has its command and results. The programs write the tables and plots
// themselves.
package bench
