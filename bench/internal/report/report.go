// Package report writes figures for people: no digit more than the measurement allows.
package report

import (
	"fmt"
	"math"
	"strings"
)

// Rounded writes a value with as many digits as its confidence interval allows: the last one shown
// is that of the interval's half width. There are at least one and at most three of them, and never
// more than two behind the point.
func Rounded(value, low, high float64) string {
	if value == 0 || math.IsNaN(value) || math.IsInf(value, 0) {
		return fmt.Sprint(value)
	}
	first := digit(value)
	last := max(first-2, -2)
	if half := max(high-value, value-low); half > 0 {
		last = min(max(last, digit(half)), first)
	}
	unit := math.Pow(10, float64(last))
	rounded := math.Round(value/unit) * unit
	if last >= 0 {
		return Thousands(rounded)
	}
	return fmt.Sprintf("%.*f", -last, rounded)
}

// digit returns the power of ten of the first digit of x.
func digit(x float64) int {
	if math.IsInf(x, 0) {
		return math.MaxInt
	}
	return int(math.Floor(math.Log10(math.Abs(x))))
}

// Spread writes the half width of a confidence interval in per cent.
func Spread(value, low, high float64) string {
	half := max(high-value, value-low)
	if value == 0 || math.IsInf(half, 0) {
		return "± ∞"
	}
	return fmt.Sprintf("± %.0f %%", 100*half/value)
}

// Table returns a Markdown table. The first column is aligned to the left and the others, of
// figures, to the right.
func Table(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	line(header)
	b.WriteString("|---|" + strings.Repeat("---:|", len(header)-1) + "\n")
	for _, row := range rows {
		line(row)
	}
	return b.String()
}

// Thousands writes a whole number in groups of three digits.
func Thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
