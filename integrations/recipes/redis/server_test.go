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

// resource is the resource of Azure's caches.
const resource = "https://redis.azure.com"

// cache is a Redis whose users are identities, as in Azure. It knows each token that the identity
// endpoint issues to the known identity.
type cache struct {
	addr  string
	admin *redis.Client
	azure *imdstest.Server
	url   string // URL of the identity endpoint

	forgetful atomic.Bool // further tokens do not become passwords
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

// ServeHTTP is the identity endpoint. A token for the known identity becomes a password before the
// client gets it.
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

// setUser changes the Redis user of the known identity.
func (c *cache) setUser(ctx context.Context, rules ...any) error {
	return c.admin.Do(ctx, append([]any{"ACL", "SETUSER", recipetest.Known.ObjectID}, rules...)...).Err()
}

// token returns a client of the identity endpoint.
func (c *cache) token(t *testing.T, identity recipetest.Identity) *aztoken.Client {
	t.Helper()
	return recipetest.NewClientAt(t, c.url, identity)
}

// connect returns a client made with the recipe that does not retry commands.
func (c *cache) connect(t *testing.T, tokens *aztoken.Client) *redis.Client {
	t.Helper()
	return c.open(t, streaming(tokens))
}

// streaming returns options with the recipe's Credentials, and login returns options with its
// Login.
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

// awaitAuthentications returns when no connection is about to authenticate again, which in go-redis
// 9.22 would be a data race with Close.
func awaitAuthentications(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		stacks := make([]byte, 4<<20)
		return !bytes.Contains(stacks[:runtime.Stack(stacks, true)], []byte("streaming.(*ReAuthPoolHook).OnPut.func1"))
	}, time.Minute, 50*time.Millisecond)
}

var authStatistics = regexp.MustCompile(`cmdstat_auth:calls=(\d+).*failed_calls=(\d+)`)

// authentications returns how often open connections authenticated again, and how often that
// failed.
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
