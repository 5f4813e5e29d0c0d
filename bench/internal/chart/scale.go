package chart

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
)

// tick is a labelled mark on an axis.
type tick struct {
	at    float64
	label string
}

// evenTicks returns ticks at about five round numbers, from zero up.
func evenTicks(most float64) (ticks []tick) {
	if most <= 0 {
		return []tick{{0, "0"}}
	}
	step := math.Pow(10, math.Floor(math.Log10(most/3)))
	for _, times := range []float64{1, 2, 5, 10} {
		if most/(step*times) <= 5 {
			step *= times
			break
		}
	}
	for n := 0.0; n*step <= most; n++ {
		label := strconv.FormatFloat(n*step, 'g', 6, 64)
		if n*step >= 1000 {
			label = report.Thousands(n * step)
		}
		ticks = append(ticks, tick{n * step, label})
	}
	return ticks
}

// hourTicks returns ticks at a regular number of hours.
func hourTicks(from, to, every float64) (ticks []tick) {
	for hour := math.Ceil(from/every) * every; hour <= to; hour += every {
		ticks = append(ticks, tick{hour, strings.Replace(fmt.Sprint(hour), "-", "−", 1)})
	}
	return ticks
}

// powersOfTen returns the ticks of a logarithmic scale, with a label at every other one. The lowest
// label says that it includes all lower values.
func powersOfTen(least, most float64) (ticks []tick) {
	labelled := false
	for v := least; v <= most; v *= 10 {
		label := ""
		if labelled = !labelled; labelled {
			label = report.Thousands(v)
		}
		if v == least {
			label = "≤ " + label
		}
		ticks = append(ticks, tick{v, label})
	}
	return ticks
}

// A frame is the area in which the values of one plot are drawn.
type frame struct {
	x, y, width, height    float64
	fromX, toX, fromY, toY float64 // the ends of the axes
	log                    bool    // whether the y axis is logarithmic
}

func (f frame) atX(v float64) float64 { return f.x + f.width*(v-f.fromX)/(f.toX-f.fromX) }

func (f frame) atY(v float64) float64 {
	share := (v - f.fromY) / (f.toY - f.fromY)
	if f.log {
		share = math.Log(max(v, f.fromY)/f.fromY) / math.Log(f.toY/f.fromY)
	}
	return f.y + f.height*(1-share)
}

// axisX draws the lower axis, with its tick labels.
func (f frame) axisX(d *drawing, ticks []tick, labelled bool) {
	bottom := f.y + f.height
	d.line(ink, f.x, bottom, f.x+f.width, bottom)
	for _, t := range ticks {
		d.line(ink, f.atX(t.at), bottom, f.atX(t.at), bottom+4)
		if labelled {
			d.text(middle, small, f.atX(t.at), bottom+6+small, t.label)
		}
	}
}

// axisY draws the left axis, with its tick labels.
func (f frame) axisY(d *drawing, ticks []tick, labelled bool) {
	d.line(ink, f.x, f.y, f.x, f.y+f.height)
	for _, t := range ticks {
		d.line(ink, f.x-4, f.atY(t.at), f.x, f.atY(t.at))
		if labelled {
			d.text(left, small, f.x-7, f.atY(t.at)+small/3, t.label)
		}
	}
}
