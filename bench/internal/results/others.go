package results

import "github.com/seed-ac726066/aztoken/bench/internal/chart"

// Verification has what the program verification measured.
type Verification struct {
	Benchmarks
	Libraries []string     `json:"libraries"` // aztoken first
	Tricky    []TrickyCase `json:"tricky"`
}

// TrickyCase has the verdict of each library on a token that has something wrong with it.
type TrickyCase struct {
	Name     string   `json:"name"`
	Verdicts []string `json:"verdicts"`
}

// Accepted is the verdict of a library that accepts a tricky token and its role.
const Accepted = "**accepted**"

// Size has what the program size measured.
type Size struct {
	Go       string    `json:"go"`
	Programs []Program `json:"programs"` // the floor first
}

// Program is the smallest program that does something with a library.
type Program struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`
	Modules  int    `json:"modules"`
	Packages int    `json:"packages"`
}

// Stampede has what the program stampede measured.
type Stampede struct {
	Callers   int                `json:"callers"`
	Scenarios []StampedeScenario `json:"scenarios"`
}

// StampedeScenario has the outcomes of all the callers that called at once, with the endpoint in
// one state.
type StampedeScenario struct {
	Name     string            `json:"name"`
	Hurry    bool              `json:"hurry"`  // the callers have deadlines
	Serves   bool              `json:"serves"` // there is a token for those who wait
	Outcomes []StampedeOutcome `json:"outcomes"`
}

// StampedeOutcome is the outcome for one library.
type StampedeOutcome struct {
	Library  string  `json:"library"`
	RealTime bool    `json:"real_time"`
	Requests int     `json:"requests"`
	Tokens   int     `json:"tokens"`
	InTime   int     `json:"in_time"`
	Hidden   int     `json:"hidden"`
	Waiting  int     `json:"waiting"`
	Wall     float64 `json:"wall"` // seconds
	Later    bool    `json:"later"`
}

// Fleet has what the program fleet counted. Rates are requests per second, and times are hours.
type Fleet struct {
	Instances int             `json:"instances"`
	Seed      uint64          `json:"seed"`
	Lifetime  float64         `json:"lifetime"`
	Span      float64         `json:"span"`
	Window    float64         `json:"window"`
	Every     float64         `json:"every"` // hours from one rate of a tally to the next
	Scenarios []FleetScenario `json:"scenarios"`
	InStep    FleetScenario   `json:"in_step"`

	PromisedFresh   float64 `json:"promised_fresh"`
	PromisedTries   float64 `json:"promised_tries"`
	PromisedWithout int     `json:"promised_without"`
}

// FleetScenario has what happened to a fleet in one scenario.
type FleetScenario struct {
	Name         string       `json:"name"`
	Title        string       `json:"title"` // of the plot
	File         string       `json:"file"`
	Begin        float64      `json:"begin"`
	Length       float64      `json:"length"` // of the outage; 0 for none
	PromisedPeak float64      `json:"promised_peak"`
	Tallies      []FleetTally `json:"tallies"` // aztoken's first
}

// FleetTally is the tally of one strategy.
type FleetTally struct {
	Name     string    `json:"name"`
	Title    string    `json:"title"` // in a plot
	Mean     float64   `json:"mean"`
	Peak     float64   `json:"peak"`
	PeakHour float64   `json:"peak_hour"`
	Tries    float64   `json:"tries"` // per instance and hour of the outage
	Fresh    float64   `json:"fresh"`
	Without  int       `json:"without"`
	Longest  float64   `json:"longest"`
	Rates    []float64 `json:"rates,omitempty"`
}

// Store has what the program store measured.
type Store struct {
	Versions  string         `json:"versions"`
	Restarted []StoreRestart `json:"restarted"`
	Fleets    []StoreFleet   `json:"fleets"`
	Processes int            `json:"processes"` // started at once
	Requests  int            `json:"requests"`  // made by all of them together
}

// StoreRestart has the outcomes for a program that is restarted every hour, over all starts of an
// outage.
type StoreRestart struct {
	Kind       string       `json:"kind"`
	Starts     int          `json:"starts"`
	Unharmed   int          `json:"unharmed"`
	MostFailed int          `json:"most_failed"`
	Failed     int          `json:"failed"`
	Waited     float64      `json:"waited"`   // calls, the mean
	Requests   float64      `json:"requests"` // mean
	Steps      []chart.Step `json:"steps"`
}

// StoreFleet has the outcomes for the clients of one identity.
type StoreFleet struct {
	Kind           string  `json:"kind"`
	Instances      int     `json:"instances"`
	Cold           int     `json:"cold"` // requests at the start
	ColdTook       float64 `json:"cold_took"`
	Daily          float64 `json:"daily"`
	OutageRequests int     `json:"outage_requests"`
	OutageCalls    int     `json:"outage_calls"`
	OutageFailed   int     `json:"outage_failed"`
	Operations     float64 `json:"operations"`
}

// Agent has what the program agent measured.
type Agent struct {
	Machine string `json:"machine"`

	Callers  int         `json:"callers"`
	Upstream string      `json:"upstream"` // how long a token takes upstream
	Cold     []ColdRound `json:"cold"`

	Requests int           `json:"requests"`
	Steadily int           `json:"steadily"` // the number of callers
	Steady   []SteadyRound `json:"steady"`
}

// ColdRound is one round of the agent and a bare handler, with callers that all arrive at once.
// Times are milliseconds.
type ColdRound struct {
	Bare     Cold `json:"bare"`
	Agent    Cold `json:"agent"`
	Requests int  `json:"requests"` // that the agent sent upstream
}

// Cold has the outcomes for the callers of one server.
type Cold struct {
	Served int     `json:"served"`
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
}

// SteadyRound is one round of the agent and a bare handler, with kept-alive connections.
type SteadyRound struct {
	Bare  Steady `json:"bare"`
	Agent Steady `json:"agent"`
}

// Steady has what a load cost one server.
type Steady struct {
	CPU    float64 `json:"cpu"` // µs per request
	P99    float64 `json:"p99"` // ms
	Before float64 `json:"before"`
	After  float64 `json:"after"` // resident MiB
}

// Median returns the median of a figure over several rounds, with its confidence interval.
func Median[T any](rounds []T, of func(T) float64) Estimate {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	return estimate(values)
}

// Guard has what the program guard measured.
type Guard struct {
	Machine     string        `json:"machine"`
	OAuth2Proxy string        `json:"oauth2_proxy"` // its version
	Nginx       string        `json:"nginx"`
	Requests    int           `json:"requests"` // per round
	Callers     int           `json:"callers"`
	Direct      []GuardTarget `json:"direct"`  // the bare handler first
	Proxied     []GuardTarget `json:"proxied"` // without a neighbour first
}

// GuardTarget is where a load was sent, alternating with the other targets.
type GuardTarget struct {
	Name    string       `json:"name"`
	Counted bool         `json:"counted"` // its CPU time was read
	Rounds  []GuardRound `json:"rounds"`
}

// GuardRound has the results of one load. Times are milliseconds.
type GuardRound struct {
	Rate float64 `json:"rate"` // requests per second
	CPU  float64 `json:"cpu"`  // µs per request; the total is read in steps of 10 ms
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

// Time returns the CPU time of a request.
func (r GuardRound) Time() float64 { return r.CPU }

// Speed returns the requests per second.
func (r GuardRound) Speed() float64 { return r.Rate }

// MedianOf returns the median, over the rounds, of the ratio of a figure of two targets.
func MedianOf(of, by GuardTarget, figure func(GuardRound) float64) Estimate {
	ratios := make([]float64, min(len(of.Rounds), len(by.Rounds)))
	for i := range ratios {
		ratios[i] = figure(of.Rounds[i]) / figure(by.Rounds[i])
	}
	return estimate(ratios)
}
