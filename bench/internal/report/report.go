// Package report formats figures for people, with no more digits than the measurement supports.
package report

import (
	"fmt"
	"math"
	"strings"
)

// Rounded formats a value with as many digits as its confidence interval supports: the last digit
// shown is at the position of the first digit of the interval's half width. There are at least one
// and at most three digits, and never more than two after the decimal point.
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

// Spread formats the half width of a confidence interval in percent.
func Spread(value, low, high float64) string {
	half := max(high-value, value-low)
	if value == 0 || math.IsInf(half, 0) {
		return "± ∞"
	}
	return fmt.Sprintf("± %.0f %%", 100*half/value)
}

// Table returns a Markdown table. The first column is left-aligned; the others have figures and are
// right-aligned.
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

// Thousands formats a whole number in groups of three digits.
func Thousands(n float64) string {
	s := fmt.Sprintf("%.0f", n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}
