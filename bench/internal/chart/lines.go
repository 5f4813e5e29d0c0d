package chart

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// Lines are values over hours, on a logarithmic scale.
type Lines struct {
	Title string
	Axis  string // of the values
	// Least and Most are the ends of the scale, powers of ten. A lower value, such as none at all,
	// is drawn at the bottom.
	Least, Most float64
	Hours       float64 // the end of the time axis, which begins at 0
	Lines       []Line  // the first on top
	// Shaded names the time from Begin to End, which is marked. "": none is.
	Shaded     string
	Begin, End float64
}

// Line is one of them. Its value number i holds from hour i × Every on.
type Line struct {
	Name   string
	Every  float64
	Values []float64
}

// Save writes the lines to an SVG file.
func (l Lines) Save(file string) error {
	p := plot.New()
	plain(p)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, l.Hours, l.Least, l.Most
	p.X.Label.Text, p.Y.Label.Text = "hours", l.Axis
	p.Y.Scale = plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(hourTicks(true)), plot.TickerFunc(powersOfTen)
	var legend []entry
	for i, line := range l.Lines {
		legend = append(legend, entry{colours[i], line.Name})
	}
	if l.Shaded != "" {
		legend = append(legend, entry{shade, l.Shaded})
		p.Add(area(shade, plotter.XYs{{X: l.Begin, Y: l.Least}, {X: l.Begin, Y: l.Most}, {X: l.End, Y: l.Most}, {X: l.End, Y: l.Least}}))
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, color.RGBA{0xf0, 0xf0, 0xf0, 0xff}
	p.Add(grid)
	for i, line := range slices.Backward(l.Lines) {
		points := make(plotter.XYs, len(line.Values))
		for n, v := range line.Values {
			points[n] = plotter.XY{X: float64(n) * line.Every, Y: max(v, l.Least)}
		}
		p.Add(&plotter.Line{XYs: points, LineStyle: draw.LineStyle{Color: colours[i], Width: vg.Points(1.5)}})
	}
	c, page := newPage(20*vg.Centimeter, 8.5*vg.Centimeter, l.Title, legend)
	p.Draw(draw.Crop(page, 2*margin, -3*margin, margin, -headHeight))
	return write(c, file)
}

// powersOfTen returns the labels of a logarithmic scale. The lowest is marked as including all
// below.
func powersOfTen(least, most float64) (ticks []plot.Tick) {
	for v := least; v <= most; v *= 10 {
		label := report.Thousands(v)
		if v == least {
			label = "≤ " + label
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: label + " "})
	}
	return ticks
}
