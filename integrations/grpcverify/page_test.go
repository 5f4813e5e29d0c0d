package grpcverify_test

import (
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/verify"
)

// What docs/verify.md shows; compiled, and never run.
var _ = func() {
	methods := grpcverify.Methods{
		"/orders.Orders/List":          {verify.Role("consumer")},
		"/grpc.health.v1.Health/Check": grpcverify.Open,
		"/grpc.health.v1.Health/Watch": grpcverify.Open,
	}
	_ = methods
}
