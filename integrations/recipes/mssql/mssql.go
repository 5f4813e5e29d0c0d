// Package mssql is the recipe for Azure SQL with go-mssqldb: a token for each connection.
package mssql

import (
	"database/sql"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/seed-ac726066/aztoken"
)

// Open returns the database of a connection string without user and password, such as
// "sqlserver://orders.database.windows.net?database=orders".
func Open(client *aztoken.Client, dsn string) (*sql.DB, error) {
	connector, err := mssql.NewConnectorWithAccessTokenProvider(dsn, client.TokenFunc("https://database.windows.net"))
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}
