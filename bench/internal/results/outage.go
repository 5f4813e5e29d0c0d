package results

import "github.com/seed-ac726066/aztoken/bench/internal/chart"

// Outage has what the program outage measured.
type Outage struct {
	Versions string       `json:"versions"`
	Cells    []OutageCell `json:"cells"`
	Quiet    []OutageDay  `json:"quiet"`
}

// OutageCell has the outcomes for one library in outages of one kind and length, one for each
// start.
type OutageCell struct {
	Library string  `json:"library"`
	Kind    string  `json:"kind"`
	Hours   float64 `json:"hours"` // the length of the outage

	Starts   int `json:"starts"`
	Unharmed int `json:"unharmed"` // starts from which every call had a good token
	// These are for the worst start, and for all starts.
	MostFailed   int     `json:"most_failed"`
	MostExpired  int     `json:"most_expired"`
	Failed       int     `json:"failed"`
	Expired      int     `json:"expired"`
	Waited       float64 `json:"waited"` // seconds; the longest wait
	Idled        float64 `json:"idled"`  // seconds; the longest wait while holding a good token
	MeanRequests float64 `json:"mean_requests"`
	MostRequests int     `json:"most_requests"`

	// Worst and All are the shares over time of the calls with a good token and of those with an
	// expired one, at the worst start and at all of them. Only cells that are drawn have them.
	Worst []chart.Step `json:"worst,omitempty"`
	All   []chart.Step `json:"all,omitempty"`
}

// OutageDay has the number of requests that a library makes on a day without an outage.
type OutageDay struct {
	Library     string  `json:"library"`
	Least, Most float64 // over three days and several programs
}

// Cell returns the cell for a library, a kind of outage and a length in hours.
func (o Outage) Cell(library, kind string, hours float64) (OutageCell, bool) {
	for _, c := range o.Cells {
		if c.Library == library && c.Kind == kind && c.Hours == hours {
			return c, true
		}
	}
	return OutageCell{}, false
}
