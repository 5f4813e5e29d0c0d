package integrations_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken"
)

// childVariable makes the test binary a program that gets a token with aztoken and prints it. So
// the library has nothing but the environment of a process, of which Go reads some parts only once:
// the proxy, and the certificates.
const childVariable = "AZTOKEN_INTEGRATIONS_CHILD"

// A want is what the program is asked for, as the variable has it.
type want struct {
	Resource string
	Kind     kind
	ID       string
}

// child returns the program. It returns the exit code.
func child() int {
	token, err := wanted(os.Getenv(childVariable))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Print(token)
	return 0
}

func wanted(text string) (token string, err error) {
	var w want
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return "", err
	}
	client, err := aztoken.NewClient(&aztoken.Options{ID: w.id()})
	if err != nil {
		return "", err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	got, err := client.Token(ctx, w.Resource)
	return got.Value(), err
}

func (w want) id() aztoken.ID {
	switch w.Kind {
	case byClientID:
		return aztoken.ClientID(w.ID)
	case byObjectID:
		return aztoken.ObjectID(w.ID)
	case byResourceID:
		return aztoken.ResourceID(w.ID)
	default:
		return nil
	}
}

// runChild returns the token that the program prints in an environment.
func runChild(t *testing.T, environ []string, w want) (string, error) {
	t.Helper()
	text, err := json.Marshal(w)
	require.NoError(t, err)
	binary, err := os.Executable()
	require.NoError(t, err)
	program := exec.CommandContext(t.Context(), binary)
	program.Env = append(environ,
		childVariable+"="+string(text),
		// Otherwise each program would sleep for a second on exit with -race.
		"GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0",
	)
	var said bytes.Buffer
	program.Stderr = &said
	token, err := program.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, said.String())
	}
	return string(token), nil
}
