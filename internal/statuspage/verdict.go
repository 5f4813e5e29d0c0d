package statuspage

import (
	"fmt"
	"slices"
)

// Verdict is what the person on call reads first.
type Verdict struct {
	Level Level
	// Of is what it is about.
	Of string
	// Figure is the number to know, and Unit is what it counts: the least time that is left, or how
	// many have none.
	Figure, Unit string
	// Text is what that means, and Then what comes next.
	Text, Then string
}

// verdicts returns one on the tokens, and one on the keys.
func verdicts(r Report) (all []Verdict) {
	if len(r.Clients) > 0 {
		all = append(all, tokenVerdict(r.Clients))
	}
	if r.Verifier != nil {
		all = append(all, keyVerdict(*r.Verifier))
	}
	if len(all) == 0 {
		all = []Verdict{{Level: OK, Figure: "nothing", Unit: "to show", Text: "This page has neither a client nor a verifier."}}
	}
	return all
}

// tally counts states, and notes the time that is left to what is in use and to what is not.
type tally struct {
	total, gone, ending, retrying, repeated, idle int
	inUse, unused                                 []Seconds
}

func (t *tally) add(s State, left Seconds) {
	t.total++
	switch s {
	case Expired, Missing:
		t.gone++
		return
	case Idle:
		t.idle++
		return
	case Unused:
		t.unused = append(t.unused, left)
		return
	case Ending:
		t.ending++
	case Retrying:
		t.retrying++
	case Repeated:
		t.repeated++
	}
	t.inUse = append(t.inUse, left)
}

// least returns the least time that is left of what is in use, for people. Unused tokens may
// expire.
func (t *tally) least() string {
	left := t.inUse
	if len(left) == 0 {
		left = t.unused
	}
	if len(left) == 0 {
		return ""
	}
	return span(slices.Min(left).Duration())
}

// others returns the time that is left to those that are not gone.
func (t *tally) others() string {
	left := t.least() + " of cover left"
	switch t.total - t.gone - t.idle {
	case 0:
		return ""
	case 1:
		return "The other has " + left + "."
	}
	return "The others have " + left + " at least."
}

// cannot returns who cannot do something: "2 of 7 tokens cannot".
func cannot(n, total int) string {
	switch {
	case total == 1:
		return "The token cannot"
	case n == total:
		return fmt.Sprintf("None of the %d tokens can", total)
	}
	return fmt.Sprintf("%d of %d tokens cannot", n, total)
}

func tokenVerdict(clients []ClientReport) Verdict {
	var t tally
	closed, storeFails := 0, false
	for _, c := range clients {
		if c.Closed {
			closed++
		}
		storeFails = storeFails || c.StoreError != "" && !c.Closed
		for _, r := range c.Resources {
			t.add(r.State, r.CoverLeft)
		}
	}
	v := Verdict{Level: OK, Of: "Tokens", Figure: t.least(), Unit: "cover left"}
	if t.total-t.gone > 1 {
		v.Unit = "cover left at least"
	}
	switch {
	case closed == len(clients):
		return Verdict{Level: Closed.Level(), Of: "Tokens", Figure: "closed", Unit: "gives no tokens", Text: "The client is closed."}
	case t.gone > 0 && t.gone == t.total:
		v.Level, v.Figure, v.Unit = Critical, "no token", "for "+count(t.total, "resource", "resources")
		v.Text, v.Then = "Calls fail.", "The errors below say why."
	case t.gone > 0:
		v.Level, v.Figure, v.Unit = Critical, fmt.Sprint(t.gone, " of ", t.total), "without a token"
		v.Text, v.Then = "Their calls fail.", t.others()
	case t.ending > 0:
		v.Level = Critical
		v.Text = cannot(t.ending, t.total) + " be refreshed, and little time is left."
		v.Then = "Calls work until then, on what is in memory."
	case t.retrying > 0:
		v.Level = Warning
		v.Text = cannot(t.retrying, t.total) + " be refreshed at the moment."
		v.Then = "Calls work, on what is in memory; the refresh is tried again by itself."
	case t.repeated > 0:
		v.Level = Warning
		v.Text = cannot(t.repeated, t.total) + " be replaced: the host returns the same again."
		v.Then = "Entra ID may be down. Calls work, on what is in memory."
	case t.total == 0:
		v.Figure, v.Unit, v.Text = "no token", "yet", "Nobody has asked for one."
	case t.total == 1:
		v.Text, v.Then = "The token is valid.", whatIf("calls go on", t.least())
	default:
		v.Text, v.Then = fmt.Sprintf("All %d tokens are valid.", t.total), whatIf("calls go on", t.least())
	}
	if storeFails && v.Level == OK {
		v.Level = Warning
		v.Then = "The token store does not work: a restart would find no token."
	}
	return v
}

func whatIf(goesOn, left string) string {
	return "If Entra ID went down now, " + goesOn + " for " + left + "."
}

func keyVerdict(k KeyReport) Verdict {
	var t tally
	tenants, of := k.byTenant()
	for _, tenant := range tenants {
		t.add(of[tenant].State, of[tenant].CoverLeft)
	}
	v := Verdict{Level: OK, Of: "Signing keys", Figure: t.least(), Unit: "cover left"}
	switch {
	case k.Closed:
		return Verdict{Level: Closed.Level(), Of: v.Of, Figure: "closed", Unit: "checks no tokens", Text: "The verifier is closed."}
	case t.gone == t.total:
		return Verdict{Critical, v.Of, "no keys", "to check tokens with", "Callers get 503.", "The keys cannot be fetched; the error below says why."}
	case t.gone > 0:
		return Verdict{
			Critical, v.Of, fmt.Sprint(t.gone, " of ", t.total), "tenants without keys", "Their callers get 503.", t.others(),
		}
	case t.ending > 0:
		v.Level, v.Text, v.Then = Critical, "The signing keys cannot be fetched, and little time is left.", "Until then tokens are checked by those in memory."
	case t.retrying > 0:
		v.Level, v.Text, v.Then = Warning, "The signing keys cannot be fetched at the moment.", "Tokens are checked by those in memory; the fetch is tried again by itself."
	case t.idle == t.total:
		v.Figure, v.Unit, v.Text = "no keys", "yet", "They are fetched when the first caller comes."
	default:
		v.Text, v.Then = "Tokens of callers can be checked.", whatIf("that goes on", t.least())
	}
	return v
}

// The states in words.
var (
	tokenLabels = map[State]string{
		Valid: "valid", Unused: "valid, not in use", Retrying: "cannot refresh", Repeated: "same again", Ending: "ends soon",
		Expired: "expired", Missing: "no token",
	}
	keyLabels = map[State]string{
		Valid: "valid", Retrying: "cannot fetch", Ending: "end soon", Missing: "no keys", Closed: "closed",
	}
)
