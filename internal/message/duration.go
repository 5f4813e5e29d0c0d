package message

import (
	"strings"
	"time"
)

// Duration returns a duration for people: "11h40m", "3m20s", "45s", without the parts that are too
// small to matter.
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Duration(-d)
	case d >= time.Hour:
		d = d.Round(time.Minute)
	default:
		d = d.Round(time.Second)
	}
	text := d.String()
	if d >= time.Hour {
		text = strings.TrimSuffix(text, "0s")
	}
	if d >= time.Minute {
		for _, unit := range []string{"h0m", "m0s"} {
			if cut, ok := strings.CutSuffix(text, unit); ok {
				return cut + unit[:1]
			}
		}
	}
	return text
}
