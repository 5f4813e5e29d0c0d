package main

import "time"

// scenarios returns those that the promises are about, in the order of the report.
func scenarios() []scenario {
	return []scenario{
		{name: "start of all at once", file: "fleet-start.svg", together: true},
		steady("outage of 1 h", "fleet-outage-1h.svg", time.Hour),
		steady("outage of 6 h", "fleet-outage-6h.svg", 6*time.Hour),
		steady("outage of 12 h", "fleet-outage-12h.svg", 12*time.Hour),
	}
}

// steady returns an outage that meets a fleet in steady state. When it begins makes no difference
// then; a day into the span leaves room in the plots for what is before and after.
func steady(name, file string, length time.Duration) scenario {
	return scenario{name: name, file: file, outage: outage{begin: 24 * time.Hour, length: length}}
}

// inStep returns an outage that meets a fleet which was started at once and is about to refresh for
// the first time. Nothing is promised for it: it shows how much worse this case is.
func inStep() scenario {
	return scenario{
		name:     "outage of 12 h, from 8 h after a start of all at once",
		together: true, outage: outage{begin: 8 * time.Hour, length: 12 * time.Hour},
	}
}
