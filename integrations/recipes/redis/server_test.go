package redis_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	recipe "github.com/seed-ac726066/aztoken/integrations/recipes/redis"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// resource is that of Azure's caches.
const resource = "https://redis.azure.com"

// cache is a Redis whose users are identities, as those of Azure are: it knows each token that the
// identity endpoint gives to the known one.
type cache struct {
	addr  string
	admin *redis.Client
	azure *imdstest.Server
	url   string // of the identity endpoint

	forgetful atomic.Bool // it learns of no further token
}

func startCache(t *testing.T) *cache {
	t.Helper()
	return startCacheOf(t, recipetest.NewAzure(t, nil))
}

func startCacheOf(t *testing.T, azure *imdstest.Server) *cache {
	t.Helper()
	c := &cache{addr: testservice.StartRedis(t).Addr, azure: azure}
	c.admin = c.open(t, &redis.Options{})
	endpoint := httptest.NewServer(c)
	t.Cleanup(func() { c.azure.Close(); endpoint.Close() })
	c.url = endpoint.URL
	return c
}

// ServeHTTP is the identity endpoint. What it gives to the known identity is a password before the
// client has it.
func (c *cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	c.azure.ServeHTTP(answer, r)
	var reply struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(answer.Body.Bytes(), &reply) == nil && reply.Token != "" && !c.forgetful.Load() && r.URL.Query().Get("client_id") == recipetest.Known.ClientID {
		if err := c.setUser(r.Context(), "on", ">"+reply.Token, "~*", "&*", "+@all"); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// setUser changes the user that the known identity is.
func (c *cache) setUser(ctx context.Context, rules ...any) error {
	return c.admin.Do(ctx, append([]any{"ACL", "SETUSER", recipetest.Known.ObjectID}, rules...)...).Err()
}

// token returns a client of the identity endpoint.
func (c *cache) token(t *testing.T, identity recipetest.Identity) *aztoken.Client {
	t.Helper()
	return recipetest.NewClientAt(t, c.url, identity)
}

// connect returns a client by the recipe, which repeats no command.
func (c *cache) connect(t *testing.T, tokens *aztoken.Client) *redis.Client {
	t.Helper()
	return c.open(t, streaming(tokens))
}

// streaming are options with the recipe's Credentials, and login those with its Login.
func streaming(tokens *aztoken.Client) *redis.Options {
	return &redis.Options{StreamingCredentialsProvider: &recipe.Credentials{Client: tokens, Resource: resource}, PoolSize: 4}
}

func login(tokens *aztoken.Client) *redis.Options {
	return &redis.Options{CredentialsProviderContext: recipe.Login(tokens, resource), PoolSize: 4}
}

func (c *cache) open(t *testing.T, opts *redis.Options) *redis.Client {
	t.Helper()
	opts.Addr, opts.MaxRetries = c.addr, -1
	client := redis.NewClient(opts)
	t.Cleanup(func() {
		awaitAuthentications(t)
		require.NoError(t, client.Close())
	})
	return client
}

// awaitAuthentications returns when no connection is about to authenticate again: in go-redis 9.22
// that is a data race with Close.
func awaitAuthentications(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		stacks := make([]byte, 4<<20)
		return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("streaming.(*ReAuthPoolHook).OnPut.func1"))
	}, time.Minute, 50*time.Millisecond)
}

var authStatistics = regexp.MustCompile(`cmdstat_auth:calls=(\d+).*failed_calls=(\d+)`)

// authentications returns how often open connections authenticated again, and how often in vain.
func (c *cache) authentications(t *testing.T) (calls, failed int) {
	t.Helper()
	info, err := c.admin.Info(t.Context(), "commandstats").Result()
	require.NoError(t, err)
	found := authStatistics.FindStringSubmatch(info)
	if found == nil {
		return 0, 0
	}
	calls, err = strconv.Atoi(found[1])
	require.NoError(t, err)
	failed, err = strconv.Atoi(found[2])
	require.NoError(t, err)
	return calls, failed
}
