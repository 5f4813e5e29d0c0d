package world

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/seed-ac726066/aztoken/soak/rules"
)

// askEndpoint is the transport beneath the client: it carries a request to the endpoint over the
// wire as it is, and notes what the client got.
func (c *client) askEndpoint(r *http.Request) (*http.Response, error) {
	began := time.Now()
	resource := r.URL.Query().Get("resource")
	c.requestBegins(resource, began)
	link, skew := c.conditions.toEndpoint()
	resp, err := link.roundTrip(r, c.network.toCloud.RoundTrip)
	if err == nil && skew != 0 && resp.StatusCode == http.StatusOK {
		err = shiftTimes(resp, skew)
	}
	if err != nil {
		c.requestFailed(resource, 0, err)
		return nil, err
	}
	resp.Body = &observedBody{ReadCloser: resp.Body, done: func(body []byte, err error) {
		reply, ok := rules.ReadReply(body)
		if err != nil || !ok || resp.StatusCode != http.StatusOK {
			c.requestFailed(resource, resp.StatusCode, err)
			return
		}
		c.requestWorked(resource, began, reply)
	}}
	return resp, nil
}

func (c *client) requestBegins(resource string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.journal.report([]rules.Finding{rules.RequestAfterClose()})
	}
	c.inFlight++
	c.journal.report(rules.Slots(c.inFlight))
	requests := c.requests[resource]
	c.journal.report(requests.Request(now, rules.Situation{
		Dark: c.dark, Calm: c.conditions.calmSince(now), Lifetime: c.Lifetime, MostCalm: c.mostCalm(),
	}))
	inFlight, worst := c.inFlight, requests.WorstHour()
	c.journal.count(func(t *Tally) {
		t.Requests++
		t.MostInFlight = max(t.MostInFlight, inFlight)
		t.WorstHour = max(t.WorstHour, worst)
	})
}

// requestFailed notes a request that brought no token. status is that of the answer, 0 for none.
func (c *client) requestFailed(resource string, status int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.inFlight--
	c.trouble = now
	if !rules.IsRetried(status, err, c.answered) {
		c.requests[resource].Told(now)
	}
	c.answered = c.answered || status != 0
}

func (c *client) requestWorked(resource string, began time.Time, r rules.Reply) {
	now := time.Now()
	c.cloud.noteIssued(r, now)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.answered = true
	c.ledgers[resource].Receive(r.Value, began, now, r.Believed(now))
}

// shiftTimes changes the absolute times of a reply to those of an endpoint whose clock is ahead of
// the client's. The remaining life stays as it is, and the token itself has the truth.
func shiftTimes(resp *http.Response, ahead time.Duration) error {
	text, err := io.ReadAll(io.LimitReader(resp.Body, keptBody))
	_ = resp.Body.Close()
	if err != nil {
		return err
	}
	var members map[string]any
	if json.Unmarshal(text, &members) == nil {
		for _, name := range []string{"expires_on", "not_before"} {
			if on, err := strconv.ParseInt(fmt.Sprint(members[name]), 10, 64); err == nil {
				members[name] = strconv.FormatInt(on+int64(ahead/time.Second), 10)
			}
		}
		text, _ = json.Marshal(members)
	}
	resp.ContentLength = int64(len(text))
	resp.Header.Set("Content-Length", strconv.Itoa(len(text)))
	resp.Body = io.NopCloser(strings.NewReader(string(text)))
	return nil
}
