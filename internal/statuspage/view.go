package statuspage

import (
	"cmp"
	"html/template"
	"slices"
	"time"
)

const (
	// maxName is more than an App ID URI may have, which is 255 characters.
	maxName = 300
	// maxError is more than the library's own errors have; the error of a foreign credential may be
	// a page of HTML.
	maxError = 2000
	// shortError is how long an error may be to be shown as a whole. Of a longer one the page shows
	// that much.
	shortError = 400
	// maxCards bounds the cards of a client, of which the worst come first. A browser takes seconds
	// for more.
	maxCards = 1000
)

// View is what the HTML form shows.
type View struct {
	Title, Asof string
	Time        time.Time
	Level       Level
	Style       template.CSS
	Verdicts    []Verdict
	Sections    []Section
}

// RFC3339 returns the time of the view for machines.
func (v View) RFC3339() string { return v.Time.Format(time.RFC3339) }

// HasBars reports whether the page needs a legend.
func (v View) HasBars() bool {
	return slices.ContainsFunc(v.Sections, func(s Section) bool {
		return slices.ContainsFunc(s.Cards, func(c Card) bool { return c.HasBar })
	})
}

// Section is what the page shows of a client or of a verifier.
type Section struct {
	Heading string
	About   []string // what all cards have in common
	Notice  string   // what is wrong with the whole, "" for nothing
	Empty   string   // what to say without cards
	Cards   []Card
	More    int // cards that are left out
}

// Card is what the page shows of one token, or of the keys of one tenant.
type Card struct {
	Name   string
	About  []string
	State  State
	Label  string // the state in words
	Cover  string // the time that is left, "" for none
	Unit   string // what that time is, or what replaces it
	Bar    Bar
	HasBar bool
	Spoken string // the bar in words
	Times  []Moment
	Fault  string // what failed, how often and when
	Error  string // the error, or its beginning
	Full   string // the whole of it if it is long
}

// Level returns that of the card's state.
func (c Card) Level() Level { return c.State.Level() }

// Moment is a time on a card.
type Moment struct {
	Label, Clock, Since string
	Time                time.Time
}

// RFC3339 returns the time for machines.
func (m Moment) RFC3339() string { return m.Time.Format(time.RFC3339) }

// newView returns the HTML form of r.
func newView(r Report) View {
	v := View{
		Title: visible(r.Title, maxName), Time: r.Time, Asof: r.Time.Format("2 January 2006, 15:04:05 UTC"), Level: r.Level,
		Style: template.CSS(style), Verdicts: verdicts(r),
	}
	for _, c := range r.Clients {
		v.Sections = append(v.Sections, clientSection(c, r.Time))
	}
	if r.Verifier != nil {
		v.Sections = append(v.Sections, keySection(*r.Verifier, r.Time))
	}
	return v
}

func clientSection(c ClientReport, now time.Time) Section {
	s := Section{Heading: cmp.Or(visible(c.Name, maxName), "Tokens"), Empty: "Nobody has asked for a token yet."}
	if c.Identity != "" {
		s.About = append(s.About, "identity "+visible(c.Identity, maxName))
	}
	if c.Host != "" {
		s.About = append(s.About, "from "+visible(c.Host, maxName))
	}
	switch {
	case c.Closed:
		s.Empty = "The client is closed: it gives no tokens."
	case c.StoreError != "":
		s.Notice = "The token store does not work, so a restart would find no token: " + visible(c.StoreError, maxError)
	}
	for _, t := range c.Resources[:min(len(c.Resources), maxCards)] {
		s.Cards = append(s.Cards, tokenCard(t, now))
	}
	s.More = len(c.Resources) - len(s.Cards)
	return s
}

func tokenCard(t TokenReport, now time.Time) Card {
	c := Card{Name: cmp.Or(visible(t.Resource, maxName), `""`), State: t.State, Label: tokenLabels[t.State]}
	switch t.Source {
	case "store":
		c.About = append(c.About, "from the token store")
	case "endpoint":
		c.About = append(c.About, "from the endpoint")
	}
	if t.Identity != "" {
		c.About = append(c.About, "identity "+visible(t.Identity, maxName))
	}
	if t.Tenant != "" {
		c.About = append(c.About, "tenant "+visible(t.Tenant, maxName))
	}
	if t.CAE {
		c.About = append(c.About, "CAE")
	}
	next, ends := t.RefreshOn, "expires"
	switch t.State {
	case Unused:
		next = time.Time{}
	case Expired:
		ends = "expired"
	}
	c.live([3]string{"acquired", "next refresh", ends}, t.AcquiredOn, next, t.ExpiresOn, now)
	c.fail(count(t.Failures, "try failed", "tries failed")+", the last", t.LastError, t.LastErrorOn, next, now)
	return c
}

func keySection(k KeyReport, now time.Time) Section {
	s := Section{
		Heading: "Signing keys", About: []string{"with which tokens of callers are checked"},
		Empty: "No keys yet: they are fetched when the first token comes.",
	}
	if k.Closed {
		s.Empty = "The verifier is closed: it checks no tokens."
		return s
	}
	tenants, of := k.byTenant()
	for _, tenant := range tenants {
		if of[tenant].State != Idle {
			s.Cards = append(s.Cards, keyCard(tenant, of[tenant], now))
		}
	}
	return s
}

func keyCard(tenant string, k KeyReport, now time.Time) Card {
	c := Card{Name: "Keys of Entra ID", State: k.State, Label: keyLabels[k.State]}
	if tenant != "" {
		c.Name = "Keys of tenant " + visible(tenant, maxName)
	}
	switch k.KeySource {
	case "entra":
		c.About = []string{count(k.Keys, "key", "keys"), "from Entra ID"}
	case "key file":
		c.About = []string{count(k.Keys, "key", "keys"), "from the key file"}
	}
	c.live([3]string{"fetched", "next fetch", "serve until"}, k.FetchedOn, k.NextFetchOn, k.ExpireOn, now)
	c.fail("the last fetch failed", k.LastError, k.LastErrorOn, k.NextFetchOn, now)
	return c
}

// live shows a lifetime, zero times for none, with labels for its beginning, renewal and end.
func (c *Card) live(labels [3]string, from, next, until, now time.Time) {
	if until.IsZero() {
		c.Unit = "no cover"
		return
	}
	c.Times = []Moment{newMoment(labels[0], from, now)}
	if !next.IsZero() {
		m := newMoment(labels[1], next, now)
		if !next.After(now) {
			m.Since = "due"
		}
		c.Times = append(c.Times, m)
	}
	c.Times = append(c.Times, newMoment(labels[2], until, now))
	c.HasBar, c.Bar, c.Unit, c.Spoken = true, newBar(from, until, next, now), "no cover", "nothing"
	if now.Before(until) {
		c.Cover, c.Unit = span(until.Sub(now)), "cover left"
		c.Spoken = c.Cover
	}
	c.Spoken += " of " + span(until.Sub(from)) + " left"
	for _, m := range c.Times {
		c.Spoken += ", " + m.Label + " " + m.Since
	}
}

func newMoment(label string, t, now time.Time) Moment {
	return Moment{Label: label, Clock: clock(t, now), Since: since(t, now), Time: t.UTC()}
}

// fail shows what failed last and with which error, "" for nothing.
func (c *Card) fail(what, err string, on, next, now time.Time) {
	if err == "" {
		return
	}
	c.Fault, c.Error = what+" "+since(on, now), visible(err, shortError)
	if !c.HasBar && next.After(now) {
		c.Fault += ", the next comes " + since(next, now)
	}
	if full := visible(err, maxError); full != c.Error {
		c.Full = full
	}
}
