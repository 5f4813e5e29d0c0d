package rules

import (
	"net/http"
	"time"
)

// Verification is one request that reached the service, and what was known about its verifier when
// it came and when it was answered. Its token is good in all but perhaps its key.
type Verification struct {
	Start, End    time.Time
	KeyID         string
	Before, After Keyview
	Published     time.Time // when Entra published the key; zero: it does not
	Over          bool      // the caller's context had ended
	Status        int
	Slack         time.Duration
}

// Findings returns the rules that the service broke.
func (v Verification) Findings() (all []Finding) {
	broke := func(r Rule, format string, args ...any) { all = append(all, found(r, format, args...)) }
	took := v.End.Sub(v.Start)
	before, after := v.Before.known[v.KeyID], v.After.known[v.KeyID]
	if before && after && v.Before.isUsable(v.Start, v.Slack) && v.After.isUsable(v.End, v.Slack) {
		isReadingFile := v.Status == http.StatusServiceUnavailable && v.Over
		if (v.Status != http.StatusOK || took > v.Slack) && !isReadingFile {
			broke(Accepts, "%d after %v", v.Status, took)
		}
		return all
	}
	if took > fetchLimit+v.Slack {
		broke(Accepts, "%d after %v", v.Status, took)
	}
	switch v.Status {
	case http.StatusOK:
		if v.Published.IsZero() && !before && !after {
			broke(Refuses, "200 for a key that is not published")
		}
		if !v.Before.isUsable(v.Start, -v.Slack) && !v.After.isUsable(v.End, -v.Slack) {
			broke(Refuses, "200 by keys that were fetched %v ago", v.End.Sub(v.After.fetched))
		}
	case http.StatusUnauthorized:
		found := !v.Published.IsZero() && v.End.Sub(v.Published) > SearchEvery+fetchLimit+v.Slack
		if found && v.After.failed.IsZero() && !v.After.asking {
			broke(Refuses, "401 for a key that was published %v ago", v.End.Sub(v.Published))
		}
	case http.StatusServiceUnavailable:
		recent := !v.After.failed.IsZero() && v.End.Sub(v.After.failed) <= backoff+fetchLimit+v.Slack
		if !recent && !v.After.asking && !v.Over {
			broke(Refuses, "503 although Entra can be asked")
		}
	default:
		broke(Refuses, "%d", v.Status)
	}
	return all
}

// MadeUpToken judges the answer to a token that nobody signed.
func MadeUpToken(status int) []Finding {
	if status == http.StatusUnauthorized || status == http.StatusServiceUnavailable {
		return nil
	}
	return []Finding{found(RejectsBad, "%d", status)}
}
