package schedule

import "time"

// ExpirySkew is taken off a token's end for its way to the service. Not more: the last minutes of a
// token are as good as the first, and in an outage they are what there is.
const ExpirySkew = 2 * time.Second

// Refresh is when a token that ends at expires is refreshed if the client's policy, asked at now,
// wants it at due: as it wants, or earlier if the server advises so by hint (zero for none), not
// after the end, and not within a minute.
func Refresh(due, now, expires, hint time.Time) time.Time {
	if !hint.IsZero() && hint.Before(due) {
		due = hint
	}
	if due.After(expires) {
		due = expires
	}
	if earliest := now.Add(MinInterval); due.Before(earliest) {
		due = earliest
	}
	return now.Add(due.Sub(now)) // with a monotonic reading, also where the policy took its own away
}
