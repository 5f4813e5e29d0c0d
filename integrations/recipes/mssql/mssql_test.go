package mssql_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/integrations/recipes/internal/recipetest"
	"github.com/seed-ac726066/aztoken/integrations/recipes/mssql"
)

// TestOpen tests that the driver accepts the recipe. There is no SQL Server here.
func TestOpen(t *testing.T) {
	t.Parallel()
	tokens := recipetest.NewHolder(t, "token")
	db, err := mssql.Open(tokens, "sqlserver://orders.database.windows.net?database=orders")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = mssql.Open(tokens, "sqlserver://orders.database.windows.net?encrypt=sometimes")
	require.Error(t, err)
}
