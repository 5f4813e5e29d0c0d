package world

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/seed-ac726066/aztoken"
)

// The resources of a run: that of the service that is called, one whose tokens are used as they
// are, and one that is asked for so seldom that the client drops its token now and then.
const (
	orders  = "https://orders.example.com"
	billing = "https://billing.example.com"
	archive = "https://archive.example.com"
)

// environment is what the program runs in.
type environment struct {
	Setting
	start      time.Time
	over       chan struct{} // closed after the last step
	cloud      *cloud
	network    network
	conditions *conditions
	journal    *journal
	logger     *slog.Logger
}

func newEnvironment(s Setting) *environment {
	now := time.Now()
	e := &environment{
		Setting: s, start: now, over: make(chan struct{}), cloud: newCloud(s), conditions: &conditions{quietSince: now},
		journal: newJournal(s, now),
	}
	e.network = newNetwork(e.cloud, s.sockets)
	e.logger = slog.New(secretLog{e})
	e.Heap.mayGrow(heapOfRun)
	return e
}

// breakage is what a test breaks to show that a rule can be broken. The zero value breaks nothing.
type breakage struct {
	tokens   func(tokens, *environment) tokens
	endpoint func(http.RoundTripper) http.RoundTripper
	entra    func(http.RoundTripper) http.RoundTripper
	service  func(http.Handler) http.Handler
	logged   func(string) string
	rotated  func(string) string
}

// tokens is what calls ask for tokens: the client, or what a test puts before it.
type tokens interface {
	Token(ctx context.Context, resource string) (aztoken.Token, error)
	GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error)
}
