package main

import (
	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

// restartResult returns the results to save for the runs of one kind.
func restartResult(kind string, runs []run) results.StoreRestart {
	r := results.StoreRestart{Kind: kind, Starts: len(runs)}
	var waited, requests int
	for _, run := range runs {
		harm := run.failed + run.expired
		if harm == 0 {
			r.Unharmed++
		}
		r.Failed += harm
		r.MostFailed = max(r.MostFailed, harm)
		waited += run.waited
		requests += run.requests
	}
	r.Waited, r.Requests = mean(waited, len(runs)), mean(requests, len(runs))
	begin, end := -6.0, outage.Hours()+6
	for i, share := range around(runs, begin, end) {
		from := begin + float64(i)*0.25
		r.Steps = append(r.Steps, chart.Step{From: from, To: from + 0.25, Shares: []float64{share}})
	}
	r.Steps = chart.Merge(r.Steps)
	return r
}

// result returns the results to save for a fleet.
func (f fleet) result(kind string) results.StoreFleet {
	return results.StoreFleet{
		Kind: kind, Instances: f.instances, Cold: f.cold, ColdTook: f.coldTook, Daily: f.daily,
		OutageRequests: f.outageRequests, OutageCalls: f.outageCalls, OutageFailed: f.outageFailed, Operations: f.operations,
	}
}

func mean(sum, n int) float64 { return float64(sum) / float64(max(1, n)) }
