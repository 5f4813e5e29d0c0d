package main

import (
	"fmt"
	"time"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// multiple writes a ratio, to a tenth where that tells something.
func multiple(x float64) string {
	if x < 100 {
		return fmt.Sprintf("%.1f", x)
	}
	return report.Thousands(x)
}

// hours writes a time in the unit that suits it.
func hours(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
