package chart

import "slices"

// Bars is a chart of horizontal bars in stacked panels, each with its own axis.
type Bars struct {
	Title  string
	Series []string // their names; may be empty if there is only one
	Panels []BarPanel
	Notes  []string
}

// BarPanel is one panel of Bars.
type BarPanel struct {
	Title string
	Axis  string // the label of the value axis, with the unit
	// Floor is the value that the others are compared with; 0 means none.
	Floor     float64
	FloorText string
	Groups    []BarGroup // from top to bottom
}

// BarGroup has one bar for each series.
type BarGroup struct {
	Name string
	Bars []Bar
}

// Bar is a value, its confidence interval, which is drawn if it is not empty, and the text beside
// the bar.
type Bar struct {
	Value, Low, High float64
	Label            string
}

const (
	barHeight = 11.0
	barGap    = 2.0
	groupGap  = 9.0
)

// Save writes the bars to an SVG file.
func (b Bars) Save(file string) error {
	d := newDrawing(b.Title, colours, b.Series)
	names := 0.0
	for _, p := range b.Panels {
		for _, g := range p.Groups {
			names = max(names, width(small, g.Name))
		}
	}
	for _, p := range b.Panels {
		p.draw(d, margin+names+8)
	}
	d.note(b.Notes...)
	return d.save(file)
}

func (p BarPanel) draw(d *drawing, x float64) {
	y := d.height
	if p.Title != "" {
		y += normal
		d.bold(right, normal, margin, y, p.Title)
		y += 7
	}
	if p.Floor > 0 {
		y += small
		d.text(right, small, margin, y, p.FloorText)
		y += 6
	}
	rows, most, label := 0.0, p.Floor, 0.0
	for _, g := range p.Groups {
		rows += float64(len(g.Bars))*(barHeight+barGap) + groupGap
		for _, bar := range g.Bars {
			most = max(most, bar.Value, bar.High)
			label = max(label, width(small, bar.Label))
		}
	}
	f := frame{x: x, y: y, width: pageWidth - margin - label - 8 - x, height: rows, toX: max(most, 1e-9), toY: 1}
	ticks := evenTicks(f.toX)
	for _, t := range ticks[1:] {
		d.line(grid, f.atX(t.at), y, f.atX(t.at), y+rows)
	}
	at := y + groupGap/2
	for _, g := range p.Groups {
		middleOf := at + float64(len(g.Bars))*(barHeight+barGap)/2
		d.text(left, small, x-8, middleOf+small/3, g.Name)
		for i, bar := range g.Bars {
			d.rect(colours[i], x, at, f.atX(bar.Value)-x, barHeight)
			end := bar.Value
			if bar.Low < bar.High {
				end = bar.High
				for _, v := range []float64{bar.Low, bar.High} {
					d.line(dashed+" whisker", f.atX(v), at+2, f.atX(v), at+barHeight-2)
				}
				d.line(dashed+" whisker", f.atX(bar.Low), at+barHeight/2, f.atX(bar.High), at+barHeight/2)
			}
			d.text(right, small, f.atX(max(end, bar.Value))+5, at+barHeight-1, bar.Label)
			at += barHeight + barGap
		}
		at += groupGap
	}
	if p.Floor > 0 {
		d.line(dashed, f.atX(p.Floor), y-2, f.atX(p.Floor), y+rows)
	}
	d.line(ink, x, y, x, y+rows)
	f.axisX(d, ticks, true)
	d.text(middle, small, x+f.width/2, y+rows+2*small+12, p.Axis)
	d.height = y + rows + 2*small + 24
}

// Sort orders the groups of a panel by the value of their first bar.
func (p *BarPanel) Sort() {
	slices.SortStableFunc(p.Groups, func(a, b BarGroup) int {
		switch {
		case a.Bars[0].Value < b.Bars[0].Value:
			return -1
		case a.Bars[0].Value > b.Bars[0].Value:
			return 1
		}
		return 0
	})
}
