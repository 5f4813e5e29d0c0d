package chart

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panels are small plots side by side, all with the same axes: shares of a whole over hours,
// stacked on each other.
type Panels struct {
	Title string
	Axis  string // of time
	// Parts are the names of the shares, from the lowest up, and of what is missing to the whole.
	Parts []string
	// From and To are the ends of the time axis, Begin and End those of the time that is marked.
	From, To, Begin, End float64
	Panels               []Panel
}

// Panel is one of the plots.
type Panel struct {
	Title string
	Steps []Step // in order of time, each beginning where the one before it ends
}

// Step is a time for which the shares are constant. They are one for each part but the last, from 0
// to 1.
type Step struct {
	From, To float64
	Shares   []float64
}

const (
	panelColumns = 3
	panelWidth   = 8.2 * vg.Centimeter
	panelHeight  = 4.3 * vg.Centimeter
	tickEvery    = 6 // hours
)

// Save writes the panels to an SVG file.
func (p Panels) Save(file string) error {
	rows := (len(p.Panels) + panelColumns - 1) / panelColumns
	var legend []entry
	for i, part := range p.Parts {
		legend = append(legend, entry{p.colour(i), part})
	}
	c, page := newPage(panelColumns*panelWidth, vg.Length(rows)*panelHeight+headHeight, p.Title, legend)

	plots := make([][]*plot.Plot, rows)
	for n, panel := range p.Panels {
		row := n / panelColumns
		if plots[row] == nil {
			plots[row] = make([]*plot.Plot, panelColumns)
		}
		plots[row][n%panelColumns] = p.plot(panel, n%panelColumns == 0, n+panelColumns >= len(p.Panels))
	}
	tiles := draw.Tiles{
		Rows: rows, Cols: panelColumns,
		PadTop: headHeight, PadBottom: margin, PadLeft: margin, PadRight: 2 * margin,
		PadX: 4 * vg.Millimeter, PadY: 3 * vg.Millimeter,
	}
	for row, canvases := range plot.Align(plots, tiles, page) {
		for column, canvas := range canvases {
			if plots[row][column] != nil {
				plots[row][column].Draw(canvas)
			}
		}
	}
	return write(c, file)
}

// colour returns that of part i.
func (p Panels) colour(i int) color.Color {
	if i == len(p.Parts)-1 {
		return shade
	}
	return colours[i]
}

// plot returns one panel. Labels are drawn only where they are read.
func (p Panels) plot(of Panel, leftmost, lowest bool) *plot.Plot {
	small := plot.New()
	small.Title.Text, small.Title.Padding = of.Title, vg.Millimeter
	small.Title.TextStyle.Color, small.Title.TextStyle.Font = ink, typeface(10, xfont.WeightBold)
	plain(small)
	small.X.Min, small.X.Max, small.Y.Min, small.Y.Max = p.From, p.To, 0, 1
	small.X.Tick.Marker, small.Y.Tick.Marker = plot.TickerFunc(hourTicks(lowest)), plot.TickerFunc(shareTicks(leftmost))
	if lowest {
		small.X.Label.Text = p.Axis
	}
	small.Add(area(shade, plotter.XYs{{X: p.Begin, Y: 0}, {X: p.Begin, Y: 1}, {X: p.End, Y: 1}, {X: p.End, Y: 0}}))
	for i := range len(p.Parts) - 1 {
		bottom, top := line(of.Steps, i), line(of.Steps, i+1)
		slices.Reverse(bottom)
		small.Add(area(p.colour(i), append(top, bottom...)))
	}
	for _, hour := range []float64{p.Begin, p.End} {
		small.Add(&plotter.Line{
			XYs:       plotter.XYs{{X: hour, Y: 0}, {X: hour, Y: 1}},
			LineStyle: draw.LineStyle{Color: ink, Width: vg.Points(0.8), Dashes: []vg.Length{vg.Points(3), vg.Points(2)}},
		})
	}
	return small
}

// area returns a filled polygon without an outline.
func area(fill color.Color, corners plotter.XYs) plot.Plotter {
	return &plotter.Polygon{XYs: []plotter.XYs{corners}, Color: fill}
}

// line returns the sum of the first n shares over time, with a corner only where it changes.
func line(steps []Step, n int) plotter.XYs {
	var corners plotter.XYs
	height := 0.0
	for i, s := range steps {
		sum := 0.0
		for _, share := range s.Shares[:n] {
			sum += share
		}
		if i > 0 && sum != height {
			corners = append(corners, plotter.XY{X: s.From, Y: height})
		}
		if i == 0 || sum != height {
			corners = append(corners, plotter.XY{X: s.From, Y: sum})
		}
		height = sum
	}
	if len(steps) > 0 {
		corners = append(corners, plotter.XY{X: steps[len(steps)-1].To, Y: height})
	}
	return corners
}

func hourTicks(labelled bool) func(from, to float64) []plot.Tick {
	return func(from, to float64) (ticks []plot.Tick) {
		for hour := int(from) / tickEvery * tickEvery; float64(hour) <= to; hour += tickEvery {
			ticks = append(ticks, tick(float64(hour), strings.Replace(fmt.Sprint(hour), "-", "−", 1), labelled))
		}
		return ticks
	}
}

func shareTicks(labelled bool) func(from, to float64) []plot.Tick {
	return func(_, _ float64) []plot.Tick {
		return []plot.Tick{tick(0, "0 %", labelled), tick(0.5, "50 %", labelled), tick(1, "100 %", labelled)}
	}
}

func tick(value float64, label string, labelled bool) plot.Tick {
	if !labelled {
		label = " " // one without any is drawn shorter
	}
	return plot.Tick{Value: value, Label: label}
}
