package publish

import (
	"fmt"

	"github.com/seed-ac726066/aztoken/bench/internal/chart"
	"github.com/seed-ac726066/aztoken/bench/internal/results"
)

func tokenCosts(b results.Benchmarks) costs {
	return costs{b, named("Token/", "floor", "aztoken Token", "aztoken GetToken", oauth2, "aws CredentialsCache", "cloud.google.com/go/auth", "MSAL", azidentity), "ns", 1}
}

func roundTripCosts(b results.Benchmarks) costs {
	return costs{b, named("RoundTrip/", "floor", "aztoken", oauth2, "cloud.google.com/go/auth", "azcore pipeline without a token", azcorePipeline), "ns", 1}
}

// azcorePipeline is the pipeline of the Azure SDK, with azidentity's credential.
const azcorePipeline = "azcore pipeline"

func hotpath(b results.Benchmarks) publication {
	const file = "hotpath.svg"
	token, roundTrip := tokenCosts(b), roundTripCosts(b)
	bars := chart.Bars{
		Title:  "A token that is there: what a call costs",
		Series: seriesOfWays,
		Panels: []chart.BarPanel{
			token.panel("Getting the token", "ns for a call", "a map, an atomic pointer, one look at the clock"),
			roundTrip.panel("Putting it on a request", "ns for a request", "a copy of the request and of its headers"),
		},
		Notes: []string{"Medians; the whiskers are 95 % intervals. A pipeline of azcore does more than to add a token."},
	}
	return publication{
		sections: []section{{"README.md", "hotpath", fmt.Sprintf("Token:\n\n%s\nRoundTrip:\n\n%s\n![ns for a call, by library](%s)\n\n%s",
			token.table("library"), roundTrip.table("library"), file, method(b))}},
		plots: []plot{{file, bars.Save}},
	}
}
