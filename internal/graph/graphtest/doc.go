// Package graphtest is a Microsoft Graph for tests: it keeps applications, service principals and the assignments between
// them, refuses what Graph refuses in Graph's own words, and is as slow to make things known, on demand.
//
//	g := graphtest.NewServer(t, nil)
//	worker := g.AddManagedIdentity("orders-worker", "")
//	g.Delay(graphtest.Lags{Roles: graphtest.Lag{Requests: 3}})
//
// It knows the calls that the package graph makes, and answers 400 to every other.
package graphtest
