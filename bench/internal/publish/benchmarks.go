package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// An operation is a benchmark and its name in tables.
type operation struct{ benchmark, name string }

// costs are operations and how they are measured. The first one is the floor.
type costs struct {
	results.Benchmarks
	operations []operation
	unit       string // the unit of times
	nanos      float64
}

// ways are the ways in which each operation is measured: one at a time, and on all cores at once.
var ways = []struct{ name, suffix string }{{"serial", "/serial"}, {"parallel", "/parallel"}}

func (c costs) table(first string) string {
	var rows [][]string
	for _, op := range c.operations {
		row := []string{op.name}
		for _, way := range ways {
			e := c.NS(op.benchmark + way.suffix)
			row = append(row, c.time(e)+" "+report.Spread(e.Median, e.Low, e.High), c.times(op, way.suffix))
		}
		r := c.Get(op.benchmark + ways[0].suffix)
		rows = append(rows, append(row, fmt.Sprintf("%.0f", r.Bytes), fmt.Sprintf("%.0f", r.Allocs)))
	}
	return report.Table([]string{first, c.unit + ", serial", "× floor", c.unit + ", parallel", "× floor", "B", "allocations"}, rows)
}

func (c costs) time(e results.Estimate) string {
	return report.Rounded(e.Median/c.nanos, e.Low/c.nanos, e.High/c.nanos)
}

// times formats the cost of an operation as a multiple of the floor.
func (c costs) times(op operation, way string) string {
	if op == c.operations[0] {
		return "1"
	}
	e := c.Ratio(op.benchmark+way, c.operations[0].benchmark+way)
	return report.Rounded(e.Median, e.Low, e.High)
}

// panel draws the operations by cost, with the floor as a line.
func (c costs) panel(title, axis, floor string) chart.BarPanel {
	least := c.NS(c.operations[0].benchmark + ways[0].suffix)
	p := chart.BarPanel{
		Title: title, Axis: axis, Floor: least.Median / c.nanos,
		FloorText: fmt.Sprintf("The dashed line is the floor, %s %s one after another: %s.", c.time(least), c.unit, floor),
	}
	for _, op := range c.operations[1:] {
		g := chart.BarGroup{Name: op.name}
		for _, way := range ways {
			e := c.NS(op.benchmark + way.suffix)
			g.Bars = append(g.Bars, chart.Bar{
				Value: e.Median / c.nanos, Low: max(0, e.Low/c.nanos), High: min(e.High, 10*e.Median) / c.nanos,
				Label: fmt.Sprintf("%s %s (%s × floor)", c.time(e), c.unit, c.times(op, way.suffix)),
			})
		}
		p.Groups = append(p.Groups, g)
	}
	p.Sort()
	return p
}

// named returns operations whose names are those of their benchmarks without the prefix.
func named(prefix string, names ...string) (all []operation) {
	for _, name := range names {
		all = append(all, operation{prefix + name, name})
	}
	return all
}

func method(b results.Benchmarks) string {
	return fmt.Sprintf("%s. Medians of %d runs, ± the 95 %% interval; no figure has more digits than that allows. %s.\n", b.Machine, b.Rounds(), b.Versions)
}

// seriesOfWays are the names of the two bars of an operation.
var seriesOfWays = []string{"one after another", "on all cores at once"}
