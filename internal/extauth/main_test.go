package extauth_test

import (
	"testing"

	"go.uber.org/goleak"
)

const audience = "https://orders.example.com"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
