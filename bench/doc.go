// Package bench is the root of a module of its own: what aztoken claims of itself, measured side by side with other
// libraries, through outages, under load and for a fleet. Each of its folders is one program or one set of benchmarks, with
// one command that is in README.md beside what it printed. The tables and plots there are written by the programs that
// measured them.
package bench
