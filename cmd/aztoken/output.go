package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/seed-ac726066/aztoken/internal/message"
	"github.com/seed-ac726066/aztoken/internal/wire"
)

// format is the format of a command's output, as a flag.
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
	return errors.New("must be text or json")
}

// printer writes the results of a command in the format of --output.
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
	encoder.SetEscapeHTML(false) // it is not for HTML, and "a&b" in a URL should stay readable
	return encoder
}

// say writes a line of progress to stderr, without anything that looks like a token.
func say(w io.Writer, format string, a ...any) {
	_, _ = fmt.Fprintln(w, wire.Redact(fmt.Sprintf(format, a...)))
}

// clock returns a time for people.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// relative returns a time as seen from now: "in 11h40m", "5m ago".
func relative(t, now time.Time) string {
	if t.After(now) {
		return "in " + message.Duration(t.Sub(now))
	}
	return message.Duration(now.Sub(t)) + " ago"
}
