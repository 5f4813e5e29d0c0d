package chart

import "slices"

// Shares is a chart of small plots side by side, all with the same axes. Each shows shares of a
// whole over hours, stacked.
type Shares struct {
	Title   string
	Time    string   // the label of the time axis
	Whole   string   // the label of the other axis
	Heads   []string // the headings of the columns; nil for none
	Columns int
	Height  float64 // the height of a panel
	// Parts are the names of the shares, from the lowest up, and then of the remainder.
	Parts    []string
	From, To float64 // the ends of the time axis
	Panels   []SharePanel
	Notes    []string
}

// SharePanel is one plot of Shares.
type SharePanel struct {
	Title      string
	Begin, End float64 // the period that is marked
	Steps      []Step  // in order; each begins where the previous one ends
}

// Step is a period in which the shares are constant. There is one share for each part but the last,
// from 0 to 1.
type Step struct {
	From   float64   `json:"from"`
	To     float64   `json:"to"`
	Shares []float64 `json:"shares"`
}

// Merge joins consecutive steps that have the same shares.
func Merge(steps []Step) (merged []Step) {
	for _, s := range steps {
		if last := len(merged) - 1; last >= 0 && merged[last].To == s.From && slices.Equal(merged[last].Shares, s.Shares) {
			merged[last].To = s.To
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// Save writes the panels to an SVG file.
func (s Shares) Save(file string) error {
	classes := append(slices.Clone(colours[:len(s.Parts)-1]), absent)
	d := newDrawing(s.Title, classes, s.Parts)
	const labels, gap, head = 68.0, 30.0, 24.0
	wide := (pageWidth - 2*margin - labels - gap*float64(s.Columns-1)) / float64(s.Columns)
	at := func(column int) float64 { return labels + float64(column)*(wide+gap) }
	if s.Heads != nil {
		for i, name := range s.Heads {
			d.bold(middle, normal, at(i)+wide/2, d.height+8, name)
		}
		d.height += normal + 2
	}
	top := d.height
	for n, p := range s.Panels {
		column, row := n%s.Columns, n/s.Columns
		y := top + float64(row)*(s.Height+head)
		f := frame{x: at(column), y: y + head - 4, width: wide, height: s.Height, fromX: s.From, toX: s.To, toY: 1}
		lowest := n+s.Columns >= len(s.Panels)
		p.draw(d, f, classes)
		f.axisX(d, hourTicks(s.From, s.To, 6), lowest)
		f.axisY(d, []tick{{0, "0 %"}, {0.5, ""}, {1, "100 %"}}, column == 0)
		if lowest {
			d.text(middle, small, f.x+wide/2, f.y+f.height+2*small+10, s.Time)
		}
		d.height = max(d.height, y+head+s.Height)
	}
	d.upwards(margin+3, (top+d.height)/2, s.Whole)
	d.height += 2*small + 14
	d.note(s.Notes...)
	return d.save(file)
}

func (p SharePanel) draw(d *drawing, f frame, classes []string) {
	d.text(middle, normal, f.x+f.width/2, f.y-5, p.Title)
	last := len(classes) - 1
	if len(p.Steps) > 0 {
		from, to := p.Steps[0].From, p.Steps[len(p.Steps)-1].To
		d.rect(classes[last], f.atX(from), f.y, f.atX(to)-f.atX(from), f.height)
	}
	for i := range last {
		bottom, top := p.sum(f, i), p.sum(f, i+1)
		if slices.Equal(bottom, top) {
			continue
		}
		slices.Reverse(bottom)
		d.path(classes[i], append(top, bottom...))
	}
	for _, hour := range []float64{p.Begin, p.End} {
		d.line(dashed, f.atX(hour), f.y, f.atX(hour), f.y+f.height)
	}
}

// sum returns the sum of the first n shares over time, with a corner only where it changes.
func (p SharePanel) sum(f frame, n int) (corners []point) {
	height := 0.0
	for i, s := range p.Steps {
		sum := 0.0
		for _, share := range s.Shares[:n] {
			sum += share
		}
		if i > 0 && sum != height {
			corners = append(corners, point{f.atX(s.From), f.atY(height)})
		}
		if i == 0 || sum != height {
			corners = append(corners, point{f.atX(s.From), f.atY(sum)})
		}
		height = sum
	}
	if len(p.Steps) > 0 {
		corners = append(corners, point{f.atX(p.Steps[len(p.Steps)-1].To), f.atY(height)})
	}
	return corners
}
