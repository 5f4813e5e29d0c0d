package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colours can be distinguished with any kind of colour vision (Okabe and Ito).
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff},
}

// ink is the colour of text and axes, and shade that of missing values.
var (
	ink   = color.RGBA{0x33, 0x33, 0x33, 0xff}
	shade = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
)

const (
	// headHeight is the room for the title and, below it, what the colours are.
	headHeight = 1.5 * vg.Centimeter
	margin     = 2 * vg.Millimeter
	swatch     = 3 * vg.Millimeter
)

// newPage returns a white page with a head.
func newPage(width, height vg.Length, title string, legend []entry) (*vgsvg.Canvas, draw.Canvas) {
	c := vgsvg.New(width, height)
	page := draw.New(c)
	page.SetColor(color.White)
	page.Fill(page.Path())
	x, y := page.Min.X+2*margin, page.Max.Y-6*vg.Millimeter
	page.FillText(style(11, xfont.WeightBold), vg.Point{X: x, Y: y}, title)
	y -= 5 * vg.Millimeter
	label := style(9, xfont.WeightNormal)
	for _, e := range legend {
		box := vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + swatch, Y: y + swatch}}
		page.SetColor(e.colour)
		page.Fill(box.Path())
		page.FillText(label, vg.Point{X: x + swatch + vg.Millimeter, Y: y + swatch/8}, e.name)
		x += label.Width(e.name) + 4*swatch
	}
	return c, page
}

// entry is a colour and what it is.
type entry struct {
	colour color.Color
	name   string
}

func style(points float64, weight xfont.Weight) text.Style {
	return text.Style{Color: ink, Handler: plot.DefaultTextHandler, Font: typeface(points, weight)}
}

func typeface(points float64, weight xfont.Weight) font.Font {
	f := font.From(plot.DefaultFont, vg.Points(points))
	f.Variant, f.Weight = "Sans", weight
	return f
}

// plain sets the common style of a plot: ink, and fonts without serifs.
func plain(p *plot.Plot) {
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Color, axis.Tick.Color, axis.Tick.Label.Color, axis.Label.TextStyle.Color = ink, ink, ink, ink
		axis.Tick.Label.Font, axis.Label.TextStyle.Font = typeface(8, xfont.WeightNormal), typeface(9, xfont.WeightNormal)
		axis.Padding, axis.Tick.Length = 0, vg.Points(3)
	}
}

// write writes c with the names of fonts that have the same widths on other systems: there the one
// that plot uses is not installed.
func write(c *vgsvg.Canvas, file string) error {
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	svg := bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;"))
	if err := os.WriteFile(file, svg, 0o644); err != nil {
		return fmt.Errorf("chart: %w", err)
	}
	return nil
}
