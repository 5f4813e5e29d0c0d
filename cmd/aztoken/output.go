package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/internal/wire"
)

// format is the form of a command's output, as a flag.
type format string

const (
	textFormat format = "text"
	jsonFormat format = "json"
)

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "format" }

func (f *format) Set(value string) error {
	switch v := format(value); v {
	case textFormat, jsonFormat:
		*f = v
		return nil
	}
	return fmt.Errorf("must be text or json")
}

// printer writes the results of a command in the form that --output asks for.
type printer struct{ format format }

func (p *printer) json() bool { return p.format == jsonFormat }

// print writes v as indented JSON, or what text returns.
func (p *printer) print(w io.Writer, v any, text func() string) error {
	if !p.json() {
		_, err := io.WriteString(w, text())
		return err
	}
	encoder := newEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// line writes v as one line of JSON.
func (p *printer) line(w io.Writer, v any) error { return newEncoder(w).Encode(v) }

func newEncoder(w io.Writer) *json.Encoder {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // nobody puts it into a page, and "a&b" in a URL should stay readable
	return encoder
}

// say writes a line of progress to stderr, where nothing that looks like a token may go.
func say(w io.Writer, format string, a ...any) {
	_, _ = fmt.Fprintln(w, wire.Redact(fmt.Sprintf(format, a...)))
}

// short is a duration for people: "11h40m", "3m20s", "45s", without the parts that are too small to matter.
func short(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + short(-d)
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

// clock is a moment for people.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// relative is a moment as seen from now: "in 11h40m", "5m ago".
func relative(t, now time.Time) string {
	if t.After(now) {
		return "in " + short(t.Sub(now))
	}
	return short(now.Sub(t)) + " ago"
}
