package publish

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-ac726066/aztoken/bench/internal/report"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
	"github.com/seed-ac726066/aztoken/internal/pages"
)

// measured are the results whose figures appear on the pages of the repository.
type measured struct {
	outage       results.Outage
	stampede     results.Stampede
	hotpath      results.Benchmarks
	size         results.Size
	fleet        results.Fleet
	verification results.Verification
	store        results.Store
}

// repository returns the sections in README.md and in docs of the repository, whichever page each
// is on.
func repository(root string) (publication, error) {
	m, err := load(root)
	if err != nil {
		return publication{}, err
	}
	cover, err := outageCover(m.outage)
	if err != nil {
		return publication{}, err
	}
	texts := map[string]string{
		"outage-cover": cover, "comparison": comparison(m), "peers": peersTable(m),
		"fleet-peaks": fleetPeaks(m.fleet), "tricky-tokens": trickyTokens(m.verification),
	}
	users, err := pages.Users(filepath.Join(root, ".."))
	if err != nil {
		return publication{}, err
	}
	var p publication
	found := make(map[string]bool)
	for _, page := range users {
		sections, err := page.Sections()
		if err != nil {
			return publication{}, err
		}
		for name := range sections {
			if text, ours := texts[name]; ours {
				found[name] = true
				p.sections = append(p.sections, section{filepath.Join("..", page.Name), name, text})
			}
		}
	}
	// Other sections are optional: they appear where a page has room for them.
	for _, name := range []string{"outage-cover", "comparison", "peers"} {
		if !found[name] {
			return publication{}, fmt.Errorf("publish: no page has the section %q; write the lines \"<!-- %[1]s: begin -->\" and \"<!-- %[1]s: end -->\" where it belongs", name)
		}
	}
	return p, nil
}

func load(root string) (m measured, err error) {
	var errs [7]error
	m.outage, errs[0] = results.Load[results.Outage](root, "outage")
	m.stampede, errs[1] = results.Load[results.Stampede](root, "stampede")
	m.hotpath, errs[2] = results.Load[results.Benchmarks](root, "hotpath")
	m.size, errs[3] = results.Load[results.Size](root, "size")
	m.fleet, errs[4] = results.Load[results.Fleet](root, "fleet")
	m.verification, errs[5] = results.Load[results.Verification](root, "verification")
	m.store, errs[6] = results.Load[results.Store](root, "store")
	return m, errors.Join(errs[:]...)
}

// covers are the refresh policies, each with the most hours for which an outage of a given length
// leaves a program without a token. The measured value is the worst of a limited number of runs, so
// a worse one is possible. IMDS may give MaxAge(1h) a token that is an hour old.
var covers = []struct {
	library string
	atMost  func(outage float64) float64
}{
	{halfLife, func(outage float64) float64 { return max(0, outage-12) }},
	{maxAge, func(outage float64) float64 { return max(0, outage-24+70.0/60) }},
}

// outageCover returns the table of the outages that aztoken covers, whichever way the endpoint
// fails. It returns an error if the measured time without a token exceeds what the table promises.
func outageCover(o results.Outage) (string, error) {
	const harmless = "no call fails"
	var lengths []string // the outage lengths of the last row
	var rows [][]string
	for _, h := range outageHours {
		row := []string{""}
		for _, c := range covers {
			dark := 0.0
			for _, k := range outageKinds {
				cell, _ := o.Cell(c.library, k.name, h)
				dark = max(dark, float64(cell.MostFailed)/60)
			}
			if dark > c.atMost(h) {
				return "", fmt.Errorf("publish: %s was without a token for %v h of %v, %v h at most are promised", c.library, dark, h, c.atMost(h))
			}
			text := harmless
			if dark > 0 {
				text = fmt.Sprintf("no token for at most %s (measured: %s)", span(c.atMost(h)), span(dark))
			}
			row = append(row, text)
		}
		length := fmt.Sprintf("%.0f h", h)
		if last := len(rows) - 1; last >= 0 && rows[last][1] == row[1] && rows[last][2] == row[2] {
			lengths = append(lengths, length)
			rows[last][0] = strings.Join(lengths, ", ")
			continue
		}
		lengths = []string{length}
		row[0] = length
		rows = append(rows, row)
	}
	requests := []string{"requests a day"}
	for _, d := range o.Quiet {
		requests = append(requests, fmt.Sprintf("%.0f to %.0f", math.Floor(d.Least), math.Ceil(d.Most)))
	}
	return words([]string{"outage", "default, `HalfLife()`", "`MaxAge(time.Hour)`"}, append(rows, requests)), nil
}

// span formats hours, as minutes where they are few.
func span(h float64) string {
	if h < 2 {
		return fmt.Sprintf("%.0f min", h*60)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", h), ".0") + " h"
}

// words returns a Markdown table whose columns are text, not figures.
func words(header []string, rows [][]string) string {
	return strings.ReplaceAll(report.Table(header, rows), "---:", "---")
}

// comparison returns the table that compares aztoken with other libraries, with the command that
// measures each row.
func comparison(m measured) string {
	outages := func(h float64, starts bool) (row []string) {
		for _, library := range []string{halfLife, azidentity, oauth2} {
			c, _ := m.outage.Cell(library, outageKinds[0].name, h)
			cell := fmt.Sprint(c.MostFailed)
			if starts {
				cell = fmt.Sprintf("%d of %d, %d", c.Unharmed, c.Starts, c.MostFailed)
			}
			row = append(row, cell)
		}
		return row
	}
	maximal, _ := m.outage.Cell(maxAge, outageKinds[0].name, 24)
	day := outages(24, false)
	day[0] += fmt.Sprintf("; with `MaxAge(time.Hour)` %d", maximal.MostFailed)

	hanging := m.stampede.Scenarios[len(m.stampede.Scenarios)-1]
	crowd := make([]string, 3)
	for i, library := range []string{"aztoken", azidentity, oauth2} {
		for _, o := range hanging.Outcomes {
			if o.Library == library {
				crowd[i] = groups(o.Requests) + ", " + of(o.InTime, m.stampede.Callers)
			}
		}
	}
	token, roundTrip := tokenCosts(m.hotpath), roundTripCosts(m.hotpath)
	cached, request, binary := make([]string, 3), make([]string, 3), make([]string, 3)
	for i, name := range []string{"aztoken Token", azidentity, oauth2} {
		op := operation{"Token/" + name, name}
		cached[i] = fmt.Sprintf("%s, %.0f; %s", token.times(op, "/serial"), m.hotpath.Get(op.benchmark+"/serial").Allocs, token.times(op, "/parallel"))
	}
	for i, name := range []string{"aztoken", azcorePipeline, oauth2} {
		request[i] = roundTrip.times(operation{"RoundTrip/" + name, name}, "/serial")
	}
	request[1] += " (its pipeline)"
	for i, name := range []string{"aztoken", azidentity, oauth2} {
		for _, p := range m.size.Programs {
			if before, _, _ := strings.Cut(p.Name, ","); before == name {
				binary[i] = fmt.Sprintf("%.1f", math.Abs(float64(p.Bytes-m.size.Programs[0].Bytes))/1e6)
			}
		}
	}
	row := func(what string, cells []string, command string) []string {
		return append(append([]string{what}, cells...), command)
	}
	return words([]string{"", "aztoken", azidentity, oauth2, ""}, [][]string{
		row("an outage of 12 h: starts without a failed call, failed calls at worst (one a minute)", outages(12, true), "`go run ./outage`"),
		row("an outage of 24 h: failed calls at worst", day, ""),
		row("a hanging endpoint, "+groups(m.stampede.Callers)+" callers with deadlines: requests, callers back in time", crowd, "`go run ./stampede`"),
		row("a cached token: times the floor, allocations; times the floor on all cores", cached, "`go run ./hotpath`"),
		row("a request: times the floor", request, ""),
		row("the binary: MB above a program with only net/http", binary, "`go run ./size`"),
	})
}

// peersTable returns the measured part of the feature table.
func peersTable(m measured) string {
	starts, requests, inTime := []string{}, []string{}, []string{}
	for _, name := range []string{halfLife, azidentity, oauth2} {
		c, _ := m.outage.Cell(name, outageKinds[0].name, 12)
		starts = append(starts, fmt.Sprintf("%d of %d", c.Unharmed, c.Starts))
	}
	hanging := m.stampede.Scenarios[len(m.stampede.Scenarios)-1]
	for _, name := range []string{"aztoken", azidentity, oauth2} {
		for _, o := range hanging.Outcomes {
			if o.Library == name {
				requests, inTime = append(requests, groups(o.Requests)), append(inTime, of(o.InTime, m.stampede.Callers))
			}
		}
	}
	row := func(what string, cells []string, program string) []string {
		return slices.Concat([]string{what}, cells, []string{"`cd bench && go run ./" + program + "`"})
	}
	restarted := []string{}
	for _, kind := range []string{"aztoken with a store", azidentity} {
		for _, r := range m.store.Restarted {
			if r.Kind == kind {
				restarted = append(restarted, fmt.Sprintf("%d of %d", r.Unharmed, r.Starts))
			}
		}
	}
	return words([]string{"", "aztoken", versioned(m.outage.Versions, "azidentity"), versioned(m.outage.Versions, "x/oauth2"), "command"}, [][]string{
		row("starts without a failed call in an outage of 12 h, tokens of 24 h", starts, "outage"),
		row("requests of "+groups(m.stampede.Callers)+" cold callers", requests, "stampede"),
		row("cold callers with deadlines that come back in time", inTime, "stampede"),
		row("the same with a restart every hour, aztoken with a token store", append(restarted, "not measured"), "store"),
	})
}

// versioned returns the short name of a module with its major and minor version, taken from a list
// of modules and versions.
func versioned(versions, name string) string {
	for _, module := range strings.Split(versions, ", ") {
		path, version, _ := strings.Cut(module, " ")
		if parts := strings.Split(strings.TrimPrefix(version, "v"), "."); strings.HasSuffix(path, name) && len(parts) > 1 {
			return name + " " + parts[0] + "." + parts[1]
		}
	}
	return name
}

// of formats "n of all".
func of(n, all int) string {
	switch n {
	case 0:
		return "none"
	case all:
		return "all"
	}
	return groups(n)
}

func fleetPeaks(f results.Fleet) string {
	peak := func(sc results.FleetScenario, strategy int) string {
		return multiple(sc.Tallies[strategy].Peak / sc.Tallies[strategy].Mean)
	}
	start, longest := f.Scenarios[0], f.Scenarios[len(f.Scenarios)-1]
	sdk := len(start.Tallies) - 1
	return wrap("* ", fmt.Sprintf("`go run ./fleet` simulates %s instances that use the same schedule. "+
		"After a start of all at once, the requests at Entra ID peak at %s times their mean (%s times if each asks five minutes before the end). "+
		"After an outage of %.0f h they peak at %s times.",
		groups(f.Instances), peak(start, 0), peak(start, sdk), longest.Length, peak(longest, 0)))
}

func trickyTokens(v results.Verification) string {
	var others []string
	for i, name := range v.Libraries[1:] {
		others = append(others, fmt.Sprintf("%s (%d)", name, accepted(v, i+1)))
	}
	ours := map[bool]string{true: "none"}[accepted(v, 0) == 0]
	if ours == "" {
		ours = fmt.Sprint(accepted(v, 0))
	}
	last := len(others) - 1
	return wrap("* ", fmt.Sprintf("`go run ./verification` passes %d tokens with a right signature and something else wrong to `verify`, which accepts %s, and to %s and %s.",
		len(v.Tricky), ours, strings.Join(others[:last], ", "), others[last]))
}

// wrap breaks text into lines of at most 118 columns, the first one with a mark.
func wrap(mark, text string) string {
	var b strings.Builder
	line := mark
	for _, word := range strings.Fields(text) {
		if strings.TrimSpace(line) != "" && line != mark && len(line)+1+len(word) > 118 {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", len(mark))
		}
		if strings.TrimRight(line, " ") == line {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
