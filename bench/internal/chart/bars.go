// Package chart draws measurements.
package chart

import (
	"fmt"
	"strconv"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Series is one bar for each group.
type Series struct {
	Name   string
	Values []float64
}

const (
	barWidth = 9 // points
	barGap   = 2
)

// Bars writes a chart of horizontal bars to an SVG file: groups from top to bottom, in each of them
// one bar for each series, with its value beside it.
func Bars(file, title, axis string, groups []string, series ...Series) error {
	p := plot.New()
	plain(p)
	p.X.Label.Text = axis
	p.X.Min = 0
	p.X.Tick.Marker = plot.TickerFunc(shortTicks)
	var legend []entry
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
			text.TextStyle[j].Font, text.TextStyle[j].Color = typeface(8, xfont.WeightNormal), ink
		}
		p.Add(bar, text)
		legend = append(legend, entry{bar.Color, s.Name})
	}
	p.X.Max = most * 1.15 // room for the label of the longest bar
	names := make([]string, len(groups))
	for g, name := range groups {
		names[len(groups)-1-g] = name + slack
	}
	p.NominalY(names...)
	group := float64(len(series))*(barWidth+barGap) + 10 // points
	c, page := newPage(20*vg.Centimeter, headHeight+vg.Points(40+float64(len(groups))*group), title, legend)
	p.Draw(draw.Crop(page, 2*margin, -2*margin, margin, -headHeight))
	return write(c, file)
}

// slack is room for the wider letters of a font in place of the one that the layout was made for.
const slack = "  "

// shortTicks returns the usual ones, with no more digits than they need.
func shortTicks(from, to float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(from, to)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 4, 64)
		}
	}
	return ticks
}
