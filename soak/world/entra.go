package world

import (
	"net/http"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

// askEntra is the transport beneath the verifier: it sends a request for one of Entra's documents
// and records what the verifier got. A fetch is two requests: the discovery document names the key
// document.
func (v *verifier) askEntra(r *http.Request) (*http.Response, error) {
	discovery := strings.HasSuffix(r.URL.Path, "/openid-configuration")
	v.fetchBegins(discovery)
	resp, err := v.network.toCloud.RoundTrip(r)
	if err != nil {
		v.fetchEnds(nil)
		return nil, err
	}
	resp.Body = &observedBody{ReadCloser: resp.Body, done: func(body []byte, err error) {
		ok := err == nil && resp.StatusCode == http.StatusOK
		switch {
		case discovery && ok && strings.Contains(string(body), `"jwks_uri"`):
			// The request for the keys follows.
		case discovery || !ok:
			v.fetchEnds(nil)
		default:
			v.fetchEnds(body)
		}
	}}
	return resp, nil
}

func (v *verifier) fetchBegins(discovery bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.view = v.view.Asking()
	if !discovery {
		return
	}
	v.journal.report(v.fetches.Fetch(time.Now()))
	worst := v.fetches.WorstHour()
	v.journal.count(func(t *Tally) {
		t.Fetches++
		t.WorstFetchHour = max(t.WorstFetchHour, worst)
	})
}

// fetchEnds records the key document that a fetch returned, nil for a failed fetch.
func (v *verifier) fetchEnds(document []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closing {
		return // what arrives now is discarded
	}
	now := time.Now()
	if text := string(document); text == "" || text != v.document {
		keys, ok := rules.ReadKeys(document)
		if !ok {
			v.view = v.view.Failed(now)
			v.fetches.Failed(now)
			return
		}
		v.document, v.keys = text, keys
	}
	v.view = v.view.Fetched(v.keys, now)
	v.saved.write(v.view)
}
