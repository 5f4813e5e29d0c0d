package results

import "github.com/seed-ac726066/aztoken/bench/internal/chart"

// Verification is what the program verification measured.
type Verification struct {
	Benchmarks
	Libraries []string     `json:"libraries"` // aztoken first
	Tricky    []TrickyCase `json:"tricky"`
}

// TrickyCase is what each library says to a token that has something wrong with it.
type TrickyCase struct {
	Name     string   `json:"name"`
	Verdicts []string `json:"verdicts"`
}

// Accepted is the verdict of a library by which a tricky token has its role.
const Accepted = "**accepted**"

// Size is what the program size measured.
type Size struct {
	Go       string    `json:"go"`
	Programs []Program `json:"programs"` // the floor first
}

// Program is the smallest that does something with a library.
type Program struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`
	Modules  int    `json:"modules"`
	Packages int    `json:"packages"`
}

// Stampede is what the program stampede measured.
type Stampede struct {
	Callers   int                `json:"callers"`
	Scenarios []StampedeScenario `json:"scenarios"`
}

// StampedeScenario is what became of all who called at once, with an endpoint in some state.
type StampedeScenario struct {
	Name     string            `json:"name"`
	Hurry    bool              `json:"hurry"`  // the callers have deadlines
	Serves   bool              `json:"serves"` // there is a token for those who wait
	Outcomes []StampedeOutcome `json:"outcomes"`
}

// StampedeOutcome is that of one library.
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

// Fleet is what the program fleet counted. Rates are requests per second, and times are hours.
type Fleet struct {
	Instances int             `json:"instances"`
	Seed      uint64          `json:"seed"`
	Lifetime  float64         `json:"lifetime"`
	Span      float64         `json:"span"`
	Window    float64         `json:"window"`
	Every     float64         `json:"every"` // from one rate of a tally to the next
	Scenarios []FleetScenario `json:"scenarios"`
	InStep    FleetScenario   `json:"in_step"`

	PromisedFresh   float64 `json:"promised_fresh"`
	PromisedTries   float64 `json:"promised_tries"`
	PromisedWithout int     `json:"promised_without"`
}

// FleetScenario is what happened to a fleet.
type FleetScenario struct {
	Name         string       `json:"name"`
	Title        string       `json:"title"` // of its plot
	File         string       `json:"file"`
	Begin        float64      `json:"begin"`
	Length       float64      `json:"length"` // of the outage, 0: there is none
	PromisedPeak float64      `json:"promised_peak"`
	Tallies      []FleetTally `json:"tallies"` // aztoken's first
}

// FleetTally is that of one strategy.
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

// Store is what the program store measured.
type Store struct {
	Versions  string         `json:"versions"`
	Restarted []StoreRestart `json:"restarted"`
	Fleets    []StoreFleet   `json:"fleets"`
	Processes int            `json:"processes"` // started at once
	Requests  int            `json:"requests"`  // that these made together
}

// StoreRestart is what a program met that was restarted every hour, over all starts of an outage.
type StoreRestart struct {
	Kind       string       `json:"kind"`
	Starts     int          `json:"starts"`
	Unharmed   int          `json:"unharmed"`
	MostFailed int          `json:"most_failed"`
	Failed     int          `json:"failed"`
	Waited     float64      `json:"waited"`   // calls, mean
	Requests   float64      `json:"requests"` // mean
	Steps      []chart.Step `json:"steps"`
}

// StoreFleet is what clients of one identity met.
type StoreFleet struct {
	Kind           string  `json:"kind"`
	Instances      int     `json:"instances"`
	Cold           int     `json:"cold"` // requests for the start
	ColdTook       float64 `json:"cold_took"`
	Daily          float64 `json:"daily"`
	OutageRequests int     `json:"outage_requests"`
	OutageCalls    int     `json:"outage_calls"`
	OutageFailed   int     `json:"outage_failed"`
	Operations     float64 `json:"operations"`
}

// Agent is what the program agent measured.
type Agent struct {
	Machine string `json:"machine"`

	Callers  int         `json:"callers"`
	Upstream string      `json:"upstream"` // how long it takes
	Cold     []ColdRound `json:"cold"`

	Requests int           `json:"requests"`
	Steadily int           `json:"steadily"` // callers
	Steady   []SteadyRound `json:"steady"`
}

// ColdRound is one of the agent beside a bare handler, with callers that all come at once. Times
// are milliseconds.
type ColdRound struct {
	Bare     Cold `json:"bare"`
	Agent    Cold `json:"agent"`
	Requests int  `json:"requests"` // of the agent upstream
}

// Cold is what the callers of one server met.
type Cold struct {
	Served int     `json:"served"`
	P50    float64 `json:"p50"`
	P99    float64 `json:"p99"`
}

// SteadyRound is one of the agent beside a bare handler, with connections that stay.
type SteadyRound struct {
	Bare  Steady `json:"bare"`
	Agent Steady `json:"agent"`
}

// Steady is what a load cost one server.
type Steady struct {
	CPU    float64 `json:"cpu"` // µs for a request
	P99    float64 `json:"p99"` // ms
	Before float64 `json:"before"`
	After  float64 `json:"after"` // resident MiB
}

// Median returns that of a figure of several rounds, with its confidence interval.
func Median[T any](rounds []T, of func(T) float64) Estimate {
	values := make([]float64, len(rounds))
	for i, r := range rounds {
		values[i] = of(r)
	}
	return estimate(values)
}

// Guard is what the program guard measured.
type Guard struct {
	Machine     string        `json:"machine"`
	OAuth2Proxy string        `json:"oauth2_proxy"` // its version
	Nginx       string        `json:"nginx"`
	Requests    int           `json:"requests"` // in a round
	Callers     int           `json:"callers"`
	Direct      []GuardTarget `json:"direct"`  // the bare handler first
	Proxied     []GuardTarget `json:"proxied"` // without a neighbour first
}

// GuardTarget is what a load was sent to, by turns with the others.
type GuardTarget struct {
	Name    string       `json:"name"`
	Counted bool         `json:"counted"` // its processor time was read
	Rounds  []GuardRound `json:"rounds"`
}

// GuardRound is what came of one load. Times are milliseconds.
type GuardRound struct {
	Rate float64 `json:"rate"` // requests in a second
	CPU  float64 `json:"cpu"`  // µs for a request, read in steps of 10 ms for all of them
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
}

// Time returns the processor time of a request.
func (r GuardRound) Time() float64 { return r.CPU }

// Speed returns the requests in a second.
func (r GuardRound) Speed() float64 { return r.Rate }

// MedianOf returns that of the ratio of a figure of two targets, round by round.
func MedianOf(of, by GuardTarget, figure func(GuardRound) float64) Estimate {
	ratios := make([]float64, min(len(of.Rounds), len(by.Rounds)))
	for i := range ratios {
		ratios[i] = figure(of.Rounds[i]) / figure(by.Rounds[i])
	}
	return estimate(ratios)
}
