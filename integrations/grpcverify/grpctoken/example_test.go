package grpctoken_test

import (
	"fmt"
	"log"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify"
	"github.com/seed-ac726066/aztoken/integrations/grpcverify/grpctoken"
	"github.com/seed-ac726066/aztoken/verify"
)

func ExampleDialOptions() {
	client, err := aztoken.NewClient(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	orders, err := grpc.NewClient("dns:///orders.example.com:443", append(
		grpctoken.DialOptions(client, "https://orders.example.com"),
		grpc.WithTransportCredentials(credentials.NewTLS(nil)),
	)...)

	if err != nil {
		log.Fatal(err)
	}
	defer orders.Close()
	fmt.Println(orders.Target())
	// Output: dns:///orders.example.com:443
}

var _ = service

// service has the code of the page, to check that it compiles.
func service(verifier *verify.Verifier) *grpc.Server {
	methods := grpcverify.Methods{
		"/orders.Orders/List":          {verify.Role("consumer")},
		"/grpc.health.v1.Health/Check": grpcverify.Open,
	}
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(grpcverify.Unary(verifier, methods)),
		grpc.ChainStreamInterceptor(grpcverify.Stream(verifier, methods)),
	)
	return server
}

func TestPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/recipes/grpc.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 2)
	for _, block := range blocks {
		require.Contains(t, string(source), regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(block[1], "\t$1"))
	}
}
