package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/postgres"
)

func TestPostgres(t *testing.T) {
	t.Parallel()
	entra := recipetest.NewAzure(t, nil) // the server fetches its keys
	db := startDatabase(t, entra)

	t.Run("an identity's user comes in", func(t *testing.T) {
		pool := open(t, recipetest.NewClient(t, entra, recipetest.Known), db.dsn)
		var name string
		require.NoError(t, pool.QueryRow(t.Context(), "SELECT current_user").Scan(&name))
		require.Equal(t, "orders", name)
	})
	t.Run("while Entra is down the server checks tokens on", func(t *testing.T) {
		pool := open(t, recipetest.NewClient(t, entra, recipetest.Known), db.dsn)
		entra.Issuer().Break(imdstest.Status(503))
		defer entra.Issuer().Recover()
		require.NoError(t, pool.Ping(t.Context()))
	})
	t.Run("the server refuses a token: its error, and no token in it", func(t *testing.T) {
		t.Parallel()
		change := func(claim string, value any) func(*imdstest.JWT) {
			return func(j *imdstest.JWT) { j.Claims[claim] = value }
		}
		foreign := func(j *imdstest.JWT) {
			j.Claims["tid"], j.Claims["iss"] = "7e000000-0000-4000-8000-000000000009", "https://sts.windows.net/7e000000-0000-4000-8000-000000000009/"
		}
		good := entra.Mint(resource)
		for why, token := range map[string]string{
			"another audience": entra.Mint("https://other.example.com"),
			"another identity": entra.Mint(resource, change("oid", recipetest.Other.ObjectID)),
			"another tenant":   entra.Mint(resource, foreign),
			"expired":          entra.Mint(resource, change("exp", time.Now().Add(-time.Hour).Unix())),
			"a bad signature":  good[:len(good)-8] + "AAAAAAAA",
			"no token at all":  "password",
		} {
			requireRefused(t, open(t, recipetest.NewHolder(t, token), db.dsn), why, token)
		}
		requireRefused(t, open(t, recipetest.NewClient(t, entra, recipetest.Other), db.dsn), "the other identity", "")
		for _, user := range []string{"billing", "nobody", "orders2"} {
			requireRefused(t, open(t, recipetest.NewClient(t, entra, recipetest.Known), db.dsn+" user="+user), user, "")
		}
	})
	t.Run("a rotation under load: no query fails", func(t *testing.T) {
		t.Parallel()
		client := recipetest.NewClient(t, recipetest.NewAzure(t, nil), recipetest.Known)
		pool := open(t, client, db.dsn)
		load := recipetest.StartLoad(t, 4, login(pool))
		load.Await(t, 20)
		_, current := recipetest.Rotate(t, client, resource)
		before := pool.Stat().NewConnsCount()
		load.Await(t, 60)
		require.Greater(t, pool.Stat().NewConnsCount(), before+20, "nobody logged in with the new token")
		require.Equal(t, current.Value(), recipetest.Token(t, client, resource).Value())
		load.StopWell(t)
	})
	t.Run("a rotation that fails under load: no query fails", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		client := recipetest.NewClient(t, azure, recipetest.Known)
		pool := open(t, client, db.dsn)
		load := recipetest.StartLoad(t, 4, login(pool))
		load.Await(t, 20)
		recipetest.FailToRotate(t, client, azure, resource)
		before := pool.Stat().NewConnsCount()
		load.Await(t, 60)
		require.Greater(t, pool.Stat().NewConnsCount(), before+20, "nobody logged in with the old token")
		load.StopWell(t)
	})
	t.Run("the endpoint hangs at the start: the library's error at the caller's deadline", func(t *testing.T) {
		t.Parallel()
		azure := recipetest.NewAzure(t, nil)
		client := recipetest.NewClient(t, azure, recipetest.Known)
		_, err := postgres.NewPool(recipetest.Hang(t, azure), client, resource, db.dsn)
		recipetest.RequireNoToken(t, err, resource)
	})
	t.Run("no token is left and the endpoint hangs: open connections serve, and pgxpool hides why", func(t *testing.T) {
		t.Parallel()
		azure, pool := outlive(t, db.dsn, imdstest.Hang())
		err := pool.Ping(recipetest.Hang(t, azure))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		var noToken *aztoken.Error
		require.NotErrorAs(t, err, &noToken, "pgxpool no longer hides why; mend the page")
	})
	t.Run("no token is left and the endpoint refuses: open connections serve, and the library's error", func(t *testing.T) {
		t.Parallel()
		azure, pool := outlive(t, db.dsn, imdstest.Error(400, "invalid_request", "Identity not found"))
		err := pool.Ping(t.Context())
		var noToken *aztoken.Error
		require.ErrorAs(t, err, &noToken)
		require.ErrorIs(t, err, aztoken.ErrIdentityNotFound)
		azure.Recover()
		require.Eventually(t, func() bool { return pool.Ping(t.Context()) == nil }, time.Minute, 50*time.Millisecond)
	})
}

// outlive returns a pool whose token has expired while the endpoint is broken. The pool's only
// connection is in use, so that a call needs another.
func outlive(t *testing.T, dsn string, fault imdstest.Fault) (*imdstest.Server, *pgxpool.Pool) {
	t.Helper()
	azure := recipetest.NewShortAzure(t, nil)
	client := recipetest.NewClient(t, azure, recipetest.Known)
	pool := open(t, client, dsn)
	held, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	t.Cleanup(held.Release)
	token := recipetest.Token(t, client, resource)
	azure.Break(fault)
	recipetest.AwaitExpiry(t, token)
	require.NoError(t, held.Ping(t.Context()), "a connection outlives its token")
	return azure, pool
}

// open returns a pool made with the recipe.
func open(t *testing.T, client *aztoken.Client, dsn string) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.NewPool(t.Context(), client, resource, dsn)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// login returns a function that runs a query on a new connection, so that each call of a load needs
// a token.
func login(pool *pgxpool.Pool) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return err
		}
		defer conn.Release()
		if _, err := conn.Exec(ctx, "SELECT 1", pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		return conn.Conn().Close(ctx)
	}
}

// requireRefused requires that the server refuses the connection, and that the error is the
// server's.
func requireRefused(t *testing.T, pool *pgxpool.Pool, why, token string) {
	t.Helper()
	err := pool.Ping(t.Context())
	var refused *pgconn.PgError
	require.ErrorAs(t, err, &refused, why)
	require.Equal(t, "28000", refused.Code, why)
	if token != "" {
		require.NotContains(t, err.Error(), token, why)
	}
}
