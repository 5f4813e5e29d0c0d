package main

import (
	"time"

	"github.com/seed-ac726066/aztoken/internal/schedule"
)

// strategy says when an instance asks for a token. Every random number is in [0, 1).
type strategy struct {
	name  string // in Markdown
	title string // in a plot
	// due is when a token is refreshed that came at now and ends at expires.
	due func(now, expires time.Time, random float64) time.Time
	// wait is the time from the failure number failures in a row (1 is the first) to the next try,
	// when left remains of the token; less than nothing remains of one that has ended.
	wait func(failures int, left time.Duration, random float64) time.Duration
	// shares says that each portion of the instances shares a token store.
	shares bool
}

// strategies are aztoken's and those it is compared with.
func strategies() []strategy { return []strategy{ours(), withStores(), fixedHalfLife(), azureSDK()} }

// ours returns what aztoken's client does, by its own functions.
func ours() strategy {
	return strategy{
		name:  "aztoken, `HalfLife()`",
		title: "aztoken",
		due: func(now, expires time.Time, random float64) time.Time {
			return schedule.Refresh(schedule.HalfLife(now, expires, random), now, expires, time.Time{})
		},
		wait: func(failures int, left time.Duration, random float64) time.Duration {
			return schedule.Background(failures, left, 0, random)
		},
	}
}

// withStores returns the same where every thousand instances share a token store, and so one token.
func withStores() strategy {
	s := ours()
	s.name, s.title, s.shares = "aztoken, a token store for each 1 000", "aztoken with stores", true
	return s
}

// fixedHalfLife returns the same without randomness: a refresh at exactly half of the life, and the
// longest of each wait.
func fixedHalfLife() strategy {
	return strategy{
		name:  "half-life without jitter",
		title: "half-life without jitter",
		due:   func(now, expires time.Time, _ float64) time.Time { return now.Add(expires.Sub(now) / 2) },
		wait: func(failures int, left time.Duration, _ float64) time.Duration {
			return schedule.Background(failures, left, 0, 1)
		},
	}
}

const (
	// sdkEarly is how long before a token's end MSAL Go 1.10, by which azidentity 1.15 caches, asks
	// for the next.
	sdkEarly = 5 * time.Minute
	// azidentity's retries of one call: six, after 2 s, 6 s, 14 s and then 25 s, each times 0.8 to
	// 1.3 (azcore 1.24).
	sdkTries    = 7
	sdkDelay    = 2 * time.Second
	sdkMaxDelay = 25 * time.Second
	// sdkCalls is how often the program asks its credential for a token. It has no background
	// refresh: after the last try of a failed call the next is made when the program's next call
	// comes.
	sdkCalls = time.Minute
)

// azureSDK returns what azidentity's ManagedIdentityCredential does at IMDS for a program that asks
// it once a minute.
func azureSDK() strategy {
	return strategy{
		name:  "Azure SDK, at 23 h 55 min",
		title: "Azure SDK, at 23 h 55 min",
		due:   func(_, expires time.Time, _ float64) time.Time { return expires.Add(-sdkEarly) },
		wait: func(failures int, _ time.Duration, random float64) time.Duration {
			try := failures % sdkTries
			if try == 0 {
				return time.Duration(random * float64(sdkCalls))
			}
			delay := float64(sdkDelay*(1<<try-1)) * (0.8 + random/2)
			return min(time.Duration(delay), sdkMaxDelay)
		},
	}
}

// interval returns the mean time between two refreshes of s while nothing fails.
func (s strategy) interval() time.Duration {
	if s.shares { // the first of many draws is the one that counts
		return s.due(epoch, epoch.Add(tokenLife), 0).Sub(epoch)
	}
	const draws = 1000
	var sum time.Duration
	for i := range draws {
		sum += s.due(epoch, epoch.Add(tokenLife), (float64(i)+0.5)/draws).Sub(epoch)
	}
	return sum / draws
}
