package main

import (
	"bytes"
	"fmt"
	"image/color"
	"os"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

const (
	plotWidth, plotHeight = 20 * vg.Centimeter, 8.5 * vg.Centimeter
	headHeight            = 10 * vg.Millimeter // of the title and the legend
	margin                = 4 * vg.Millimeter
	// pointEvery is the time between two points of a line. Each is the highest rate in it, so that no peak is lost.
	pointEvery = 15 * time.Minute
	// lowestRate and highestRate are the ends of the scale, which is logarithmic and the same in all plots. A lower rate,
	// such as none at all, is drawn at the bottom.
	lowestRate, highestRate = 1, 100_000
)

// ink is the colour of all that is not measured, colours are those of the strategies, aztoken's first. People with any kind
// of colour vision can tell them apart.
var (
	ink         = color.NRGBA{R: 0x33, G: 0x33, B: 0x33, A: 0xff}
	gridColour  = color.NRGBA{R: 0xe4, G: 0xe4, B: 0xe4, A: 0xff}
	outageShade = color.NRGBA{R: 0xee, G: 0xee, B: 0xee, A: 0xff}
	colours     = []color.Color{
		color.NRGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff},
		color.NRGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff},
		color.NRGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff},
	}
)

// drawPlot writes the requests per second over time of one scenario, a line for each strategy, into an SVG file.
func drawPlot(file string, tallies []*tally) error {
	p := plot.New()
	axes(p)
	if o := tallies[0].fleet.scenario.outage; o.length > 0 {
		from, to := o.begin.Hours(), o.end().Hours()
		p.Add(&plotter.Polygon{
			XYs:   []plotter.XYs{{{X: from, Y: lowestRate}, {X: from, Y: highestRate}, {X: to, Y: highestRate}, {X: to, Y: lowestRate}}},
			Color: outageShade,
		})
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = nil, gridColour
	p.Add(grid)
	for i, t := range slices.Backward(tallies) { // aztoken's line on top
		p.Add(&plotter.Line{XYs: points(t), LineStyle: draw.LineStyle{Color: colours[i], Width: vg.Points(1.5)}})
	}

	canvas := vgsvg.New(plotWidth, plotHeight)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	head(page, tallies)
	p.Draw(draw.Crop(page, margin, -2*margin, margin, -headHeight))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	// Where the font that the text was measured with is not installed, those that are as wide.
	const family = "font-family:Liberation Sans"
	return os.WriteFile(file, bytes.ReplaceAll(b.Bytes(), []byte(family), []byte(family+",Arial,Helvetica,sans-serif")), 0o644)
}

// points are the rates of t, the highest in each stretch of pointEvery.
func points(t *tally) plotter.XYs {
	var all plotter.XYs
	at := time.Duration(0)
	for windows := range slices.Chunk(t.perWindow, max(1, int(pointEvery/t.fleet.window))) {
		rate := float64(slices.Max(windows)) / t.fleet.window.Seconds()
		all = append(all, plotter.XY{X: at.Hours(), Y: max(rate, lowestRate)})
		at += time.Duration(len(windows)) * t.fleet.window
	}
	return all
}

func axes(p *plot.Plot) {
	p.BackgroundColor = nil
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, span.Hours(), lowestRate, highestRate
	p.X.Label.Text, p.Y.Label.Text = "hours", "requests per second"
	p.Y.Scale = plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(hourTicks()), plot.ConstantTicks(rateTicks())
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding = 0
		axis.Color, axis.Tick.Color = ink, ink
		for _, style := range []*text.Style{&axis.Label.TextStyle, &axis.Tick.Label} {
			style.Font, style.Color = face(9), ink
		}
		axis.Label.Padding = 2 * vg.Millimeter
	}
}

// hourTicks are every six hours, with a label every twelve.
func hourTicks() []plot.Tick {
	var ticks []plot.Tick
	for h := 0; h <= int(span.Hours()); h += 6 {
		tick := plot.Tick{Value: float64(h)}
		if h%12 == 0 {
			tick.Label = fmt.Sprint(h)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}

func rateTicks() []plot.Tick {
	ticks := []plot.Tick{{Value: lowestRate, Label: "≤ 1 "}}
	for v := 10.0 * lowestRate; v <= highestRate; v *= 10 {
		ticks = append(ticks, plot.Tick{Value: v, Label: thousands(v) + " "})
	}
	return ticks
}

// head writes the title and says which colour is what.
func head(page draw.Canvas, tallies []*tally) {
	style := func(size float64) text.Style {
		return text.Style{Color: ink, Font: face(size), Handler: plot.DefaultTextHandler}
	}
	f := tallies[0].fleet
	at := vg.Point{X: page.Min.X + margin, Y: page.Max.Y - 7*vg.Millimeter}
	page.FillText(style(12), at, thousands(float64(f.instances))+" instances: "+f.scenario.name)

	at.Y -= 5 * vg.Millimeter
	entry := func(c color.Color, height vg.Length, name string) {
		box := vg.Rectangle{Min: vg.Point{X: at.X, Y: at.Y + vg.Millimeter - height/2}, Max: vg.Point{X: at.X + 4*vg.Millimeter, Y: at.Y + vg.Millimeter + height/2}}
		page.SetColor(c)
		page.Fill(box.Path())
		page.FillText(style(9), vg.Point{X: at.X + 5*vg.Millimeter, Y: at.Y}, name)
		at.X += style(9).Width(name) + 13*vg.Millimeter
	}
	for i, t := range tallies {
		entry(colours[i], vg.Millimeter, t.fleet.strategy.title)
	}
	if f.scenario.outage.length > 0 {
		entry(outageShade, 3*vg.Millimeter, "outage")
	}
}

func face(size float64) font.Font {
	return font.Font{Typeface: plot.DefaultFont.Typeface, Variant: "Sans", Size: font.Points(size)}
}
