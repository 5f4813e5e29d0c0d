// Package statuspage shows the state of clients and of a verifier as a page and as JSON.
//
//	statuses ──▶ Report (states and levels; the JSON form) ──▶ View (words and places) ──▶ HTML
//
// Package statusz and the commands put it at an address.
package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/verify"
)

// Subject is what a page is about. Its functions are called for each request because a reload may
// change their results.
type Subject struct {
	Title string
	// Clients returns the clients in the order of the page. Nil is none.
	Clients func() []Client
	// Verifier returns the verifier. Nil is none.
	Verifier func() *verify.Verifier
}

// Client is a client, with a name if there are several.
type Client struct {
	Name   string
	Client *aztoken.Client
}

var (
	//go:embed page.html
	page string
	//go:embed style.css
	style string
)

const (
	typeHTML = "text/html"
	typeJSON = "application/json"
)

// handler serves a subject.
type handler struct {
	subject  Subject
	template *template.Template
	policy   string
}

// Handler returns a handler of the page of s. It works at any path.
func Handler(s Subject) http.Handler {
	sum := sha256.Sum256([]byte(style))
	return &handler{
		subject:  s,
		template: template.Must(template.New("page").Parse(page)),
		// Foreign text that got past the template's escaping could load nothing, run nothing, and
		// link nowhere; no other page can frame this one.
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	}
}

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store") // it is out of date at once
	header.Set("Content-Security-Policy", h.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are allowed.", http.StatusMethodNotAllowed)
		return
	}
	form, ok := choose(r.Header["Accept"], typeHTML, typeJSON)
	if !ok {
		http.Error(w, "The forms of this page are "+typeHTML+" and "+typeJSON+".", http.StatusNotAcceptable)
		return
	}
	body, err := h.render(form, newReport(h.subject, time.Now().Truncate(time.Second)))
	if err != nil {
		http.Error(w, "The page cannot be made.", http.StatusInternalServerError)
		return
	}
	if form == typeHTML {
		form += "; charset=utf-8"
	}
	header.Set("Content-Type", form)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client may be gone
	}
}

// render returns a form of the page.
func (h *handler) render(form string, r Report) ([]byte, error) {
	var b bytes.Buffer
	if form == typeJSON {
		encoder := json.NewEncoder(&b)
		encoder.SetIndent("", "  ")
		err := encoder.Encode(r)
		return b.Bytes(), err
	}
	err := h.template.Execute(&b, newView(r))
	return b.Bytes(), err
}
