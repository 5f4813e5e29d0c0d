package grpcverify_test

import (
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/verify"
)

// The code that docs/verify.md shows. It is compiled but never runs.
var _ = func() {
	methods := grpcverify.Methods{
		"/orders.Orders/List":          {verify.Role("consumer")},
		"/grpc.health.v1.Health/Check": grpcverify.Open,
		"/grpc.health.v1.Health/Watch": grpcverify.Open,
	}
	_ = methods
}
