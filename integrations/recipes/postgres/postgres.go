// Package postgres is the recipe for PostgreSQL with pgx: a token is the password of a connection.
package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/seed-ac726066/aztoken"
)

// NewPool returns a pool whose connections authenticate with tokens for resource. It waits for the
// first token, so that a program that cannot get one fails here with the reason.
func NewPool(ctx context.Context, client *aztoken.Client, resource, dsn string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	token := client.TokenFunc(resource)
	config.BeforeConnect = func(ctx context.Context, cc *pgx.ConnConfig) (err error) {
		cc.Password, err = token(ctx)
		return err
	}
	if err := client.Warm(ctx, resource); err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, config)
}
