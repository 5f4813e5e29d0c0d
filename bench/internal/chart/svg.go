// Package chart draws measurements as SVG files that are legible on light and dark pages and on
// phones.
package chart

import (
	"fmt"
	"html"
	"os"
	"strings"
)

// drawing is an SVG under construction. Lengths are in units of its view box, in which y grows
// downwards.
type drawing struct {
	strings.Builder
	height float64
}

// The classes of the elements, other than those of the parts and series: see colours.
const (
	ink    = "ink"    // axes
	grid   = "grid"   // lines behind the values
	band   = "band"   // the time of an outage
	absent = "absent" // the remainder of a whole
	dashed = "dashed" // a line that marks something
)

func (d *drawing) rect(class string, x, y, width, height float64) {
	fmt.Fprintf(d, "<rect class=%q x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/>\n", class, num(x), num(y), num(width), num(height))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, "<path class=%q d=\"M%s,%sL%s,%s\"/>\n", class+" line", num(x1), num(y1), num(x2), num(y2))
}

// point is a corner of a path.
type point struct{ x, y float64 }

// path draws a line through the corners, or fills the area between them.
func (d *drawing) path(class string, corners []point) {
	if len(corners) == 0 {
		return
	}
	var b strings.Builder
	for i, c := range corners {
		b.WriteString(map[bool]string{true: "M", false: "L"}[i == 0] + num(c.x) + "," + num(c.y))
	}
	fmt.Fprintf(d, "<path class=%q d=\"%s\"/>\n", class, b.String())
}

// The placements of a text relative to its point.
const (
	right  = "start"
	left   = "end"
	middle = "middle"
)

func (d *drawing) text(place string, size float64, x, y float64, s string) {
	fmt.Fprintf(d, "<text text-anchor=%q font-size=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n", place, num(size), num(x), num(y), html.EscapeString(s))
}

func (d *drawing) bold(place string, size float64, x, y float64, s string) {
	fmt.Fprintf(d, "<text class=\"bold\" text-anchor=%q font-size=\"%s\" x=\"%s\" y=\"%s\">%s</text>\n", place, num(size), num(x), num(y), html.EscapeString(s))
}

// upwards draws a text rotated to read upwards, centred at a point.
func (d *drawing) upwards(x, y float64, s string) {
	fmt.Fprintf(d, "<text text-anchor=\"middle\" font-size=\"%s\" transform=\"translate(%s,%s) rotate(-90)\">%s</text>\n",
		num(small), num(x), num(y), html.EscapeString(s))
}

// num formats a length with the precision that a screen can show.
func num(x float64) string {
	s := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.1f", x), "0"), ".")
	if s == "-0" {
		return "0"
	}
	return s
}

// width estimates how much room a text takes, because the reader's fonts are not known.
func width(size float64, s string) float64 { return 0.54 * size * float64(len([]rune(s))) }

// pageWidth is the width of all drawings: at 400 pixels the smallest text is still seven pixels
// high.
const (
	pageWidth = 640.0
	margin    = 10.0
	title     = 16.0 // sizes of text
	normal    = 13.0
	small     = 12.0
)

// newDrawing returns a drawing with a title and a legend, and the height of both. The legend has a
// name for each of classes.
func newDrawing(head string, classes, legend []string) *drawing {
	d := &drawing{}
	y := margin + title
	d.bold(right, title, margin, y, head)
	if len(legend) == 0 {
		d.height = y + margin
		return d
	}
	x := margin
	y += 8
	for i, name := range legend {
		const box = 11.0
		if x+box+6+width(normal, name) > pageWidth && x > margin {
			x, y = margin, y+normal+6
		}
		d.rect(classes[i], x, y+2, box, box)
		d.text(right, normal, x+box+6, y+box+1, name)
		x += box + 6 + width(normal, name) + 22
	}
	d.height = y + normal + margin
	return d
}

// note writes small lines at the bottom.
func (d *drawing) note(lines ...string) {
	for _, line := range lines {
		d.height += small + 3
		d.text(right, small, margin, d.height-2, line)
	}
	if len(lines) > 0 {
		d.height += 4
	}
}

// save writes the file.
func (d *drawing) save(file string) error {
	svg := fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%s\" height=\"%s\" viewBox=\"0 0 %[1]s %[2]s\">\n<style>\n%s</style>\n%s</svg>\n",
		num(pageWidth), num(d.height), style, d.String())
	if err := os.WriteFile(file, []byte(svg), 0o644); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}
