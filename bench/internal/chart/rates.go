package chart

// Rates is a chart of values over hours on a logarithmic scale, in stacked panels with the same
// axes, so that no line hides another.
type Rates struct {
	Title string
	Axis  string // the label of the value axis
	// Least and Most are the ends of the scale, powers of ten. A lower value, such as zero, is
	// drawn at the bottom.
	Least, Most float64
	Hours       float64 // the end of the time axis, which begins at 0
	// Shaded is the label of the time from Begin to End, which is shaded; "" shades nothing.
	Shaded     string
	Begin, End float64
	Panels     []RatePanel
	Notes      []string
}

// RatePanel is one panel of Rates. Value number i starts at hour i × Every.
type RatePanel struct {
	Title  string
	Every  float64
	Values []float64
	Mean   float64 // drawn as a dashed line
	Peak   Peak
}

// Peak is a value that is labelled in the plot.
type Peak struct {
	Hour, Value float64
	Label       string
}

// Save writes the panels to an SVG file.
func (r Rates) Save(file string) error {
	d := newDrawing(r.Title, nil, nil)
	const labels, height, head = 70.0, 84.0, 32.0
	top := d.height
	ticks := powersOfTen(r.Least, r.Most)
	for i, p := range r.Panels {
		y := d.height + head - 4
		f := frame{
			x: labels, y: y, width: pageWidth - 2*margin - labels, height: height,
			toX: r.Hours, fromY: r.Least, toY: r.Most, log: true,
		}
		d.bold(right, normal, f.x, y-6, p.Title)
		if r.Shaded != "" {
			d.rect(band, f.atX(r.Begin), y, f.atX(r.End)-f.atX(r.Begin), height)
			if i == 0 {
				d.text(middle, small, f.atX((r.Begin+r.End)/2), y+small, r.Shaded)
			}
		}
		for _, t := range ticks[1:] {
			d.line(grid, f.x, f.atY(t.at), f.x+f.width, f.atY(t.at))
		}
		corners := make([]point, len(p.Values))
		for n, v := range p.Values {
			corners[n] = point{f.atX(float64(n) * p.Every), f.atY(max(v, r.Least))}
		}
		if p.Mean > r.Least {
			d.line(dashed, f.x, f.atY(p.Mean), f.x+f.width, f.atY(p.Mean))
		}
		d.path("curve", corners)
		p.Peak.draw(d, f)
		last := i == len(r.Panels)-1
		f.axisX(d, hourTicks(0, r.Hours, 6), last)
		f.axisY(d, ticks, true)
		if last {
			d.text(middle, small, f.x+f.width/2, y+height+2*small+10, "hours")
		}
		d.height = y + height
	}
	d.upwards(margin+4, (top+d.height)/2, r.Axis)
	d.height += 2*small + 16
	d.note(r.Notes...)
	return d.save(file)
}

func (p Peak) draw(d *drawing, f frame) {
	x, y := f.atX(p.Hour), f.atY(p.Value)
	d.rect("c1", x-2.5, y-2.5, 5, 5)
	place, x := right, x+4
	if x+width(small, p.Label) > f.x+f.width {
		place, x = left, x-8
	}
	d.text(place, small, x, max(y-6, f.y+small-2), p.Label)
}
