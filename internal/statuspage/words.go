package statuspage

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// noBreak is a no-break space.
const noBreak = "\u00a0"

// span returns a duration for people, rounded down: "11 h 42 min", "42 min", "42 s".
func span(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
	if d < 3*24*time.Hour {
		units = units[1:] // people think of a token's life in hours
	}
	for i, u := range units {
		if d < u.size {
			continue
		}
		text := fmt.Sprint(int64(d/u.size), noBreak, u.name)
		if u.size > time.Minute && d%u.size >= units[i+1].size {
			text += fmt.Sprint(noBreak, int64(d%u.size/units[i+1].size), noBreak, units[i+1].name)
		}
		return text
	}
	return "0" + noBreak + "s"
}

// since returns how long ago t was at now, or how far in the future it is.
func since(t, now time.Time) string {
	switch d := t.Sub(now); {
	case d >= time.Second:
		return "in " + span(d)
	case d > -time.Second:
		return "just now"
	default:
		return span(-d) + " ago"
	}
}

// clock returns t for a person who reads it at now: with the date if that is another day.
func clock(t, now time.Time) string {
	layout := "2 Jan 15:04"
	switch t, now := t.UTC(), now.UTC(); {
	case t.Year() != now.Year():
		layout = "2 Jan 2006 15:04"
	case t.YearDay() == now.YearDay():
		layout = "15:04"
	}
	return strings.ReplaceAll(t.UTC().Format(layout), " ", noBreak) + noBreak + "UTC"
}

// count returns a number of things.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}

// visible returns foreign text in a form that is safe on a page: invisible characters, and those
// that change the direction of what follows, are replaced by their numbers. It has at most limit
// characters.
func visible(text string, limit int) string {
	var b strings.Builder
	written := 0
	for _, r := range strings.TrimSpace(text) {
		if written++; written > limit {
			return b.String() + "…"
		}
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
