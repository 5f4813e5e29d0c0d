// Package chart draws measurements.
package chart

import (
	"bytes"
	"fmt"
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Series is one bar for each group.
type Series struct {
	Name   string
	Values []float64
}

// colours are told apart by people with any kind of colour vision (Okabe and Ito).
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xe6, 0x9f, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff}, color.RGBA{0xcc, 0x79, 0xa7, 0xff},
}

const (
	barWidth = 9 // points
	barGap   = 2
)

// Bars writes a chart of horizontal bars to an SVG file: groups from top to bottom, in each of them one bar for each series, with its
// value beside it.
func Bars(file, title, axis string, groups []string, series ...Series) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text = title, axis
	p.Title.Padding = vg.Points(8)
	p.X.Min = 0
	p.Legend.Top = true
	most := 0.0
	for i, s := range series {
		bars := make(plotter.Values, len(groups))
		labels := plotter.XYLabels{XYs: make(plotter.XYs, len(groups)), Labels: make([]string, len(groups))}
		offset := vg.Points((float64(len(series)-1)/2 - float64(i)) * (barWidth + barGap))
		for g, v := range s.Values {
			at := len(groups) - 1 - g // the axis grows upwards
			bars[at] = v
			labels.XYs[at] = plotter.XY{X: v, Y: float64(at)}
			labels.Labels[at] = fmt.Sprintf(" %.3g", v)
			most = max(most, v)
		}
		bar, err := plotter.NewBarChart(bars, vg.Points(barWidth))
		if err != nil {
			return fmt.Errorf("chart: %w", err)
		}
		bar.Horizontal, bar.Offset, bar.Color, bar.LineStyle.Width = true, offset, colours[i%len(colours)], 0
		text, err := plotter.NewLabels(labels)
		if err != nil {
			return fmt.Errorf("chart: %w", err)
		}
		text.Offset.Y = offset - vg.Points(barWidth/2)
		for j := range text.TextStyle {
			text.TextStyle[j].Font.Variant, text.TextStyle[j].Font.Size = sans, vg.Points(9)
		}
		p.Add(bar, text)
		p.Legend.Add(s.Name, bar)
	}
	p.X.Max = most * 1.15 // room for the label of the longest bar
	names := make([]string, len(groups))
	for g, name := range groups {
		names[len(groups)-1-g] = name + slack
	}
	p.NominalY(names...)
	for _, f := range []*font.Font{
		&p.Title.TextStyle.Font, &p.X.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font,
	} {
		f.Variant = sans
	}
	group := float64(len(series))*(barWidth+barGap) + 10 // points
	legend := float64(len(series)+1) * 14
	p.Y.Max = float64(len(groups)) - 0.5 + legend/group // above the bars
	return save(p, vg.Points(680), vg.Points(100+legend+float64(len(groups))*group), file)
}

const (
	sans = "Sans"
	// slack is room for the wider letters of a font in place of the one that the layout was made for.
	slack = "  "
)

// save writes p to an SVG file.
func save(p *plot.Plot, width, height vg.Length, file string) error {
	c := vgsvg.New(width, height)
	const margin = 8
	p.Draw(draw.Crop(draw.New(c), margin, -margin, margin, -margin))
	return write(c, file)
}

// write writes c with the names of fonts that have the same widths on other systems: there the one that plot uses is not installed.
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
