package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/tokenstore"
)

// The environment variables that make this program one of many processes.
const (
	childEndpoint = "AZTOKEN_BENCH_ENDPOINT"
	childDir      = "AZTOKEN_BENCH_DIR"
)

// child runs as one of the processes: it gets a token and exits.
func child() {
	if err := getOne(os.Getenv(childEndpoint), os.Getenv(childDir)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func getOne(endpoint, dir string) (err error) {
	store, err := tokenstore.New(tokenstore.Dir(dir))
	if err != nil {
		return err
	}
	client, err := aztoken.NewClient(&aztoken.Options{
		ID: aztoken.ClientID(imdstest.DefaultClientID), Endpoint: endpoint, Store: store,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = client.Token(ctx, "https://orders.example.com")
	return err
}

// startProcesses starts n processes at once on one directory, in real time, and returns how many
// requests they made together.
func startProcesses(t *testing.T, n int) int {
	imds := imdstest.NewServer(t, &imdstest.Options{MintAfter: -1})
	imds.Break(imdstest.Slow(answerTime))
	self, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	children := make([]*exec.Cmd, n)
	for i := range children {
		c := exec.CommandContext(t.Context(), self)
		c.Env = append(os.Environ(), childEndpoint+"="+imds.URL, childDir+"="+dir)
		c.Stderr = os.Stderr
		require.NoError(t, c.Start())
		children[i] = c
	}
	for _, c := range children {
		require.NoError(t, c.Wait())
	}
	return imds.Count()
}
