package guard_test

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed-ac726066/aztoken/imdstest"
	"github.com/seed-ac726066/aztoken/internal/testservice"
)

// The programs on the page that call the guard themselves.
var programs = []struct{ language, program, file, script string }{
	{"Python", "python3", "validate.py", `
import json, os, validate
try:
    print(json.dumps({"caller": validate.caller(os.environ.get("AUTHORIZATION"))}))
except validate.Refused as refused:
    print(json.dumps({"status": refused.status, "headers": {n.lower(): v for n, v in refused.headers.items()}}))
`},
	{"Node.js", "node", "validate.mjs", `
import { caller, Refused } from "./validate.mjs";
try {
  console.log(JSON.stringify({ caller: await caller(process.env.AUTHORIZATION) }));
} catch (refused) {
  if (!(refused instanceof Refused)) throw refused;
  console.log(JSON.stringify({ status: refused.status, headers: refused.headers }));
}
`},
}

// answer is the output of such a program.
type answer struct {
	Caller  map[string]any
	Status  int
	Headers map[string]string
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, p := range programs {
		t.Run(p.language, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(p.program); err != nil {
				testservice.Missing(t, p.program, "there is no "+p.program+" on this machine")
			}
			s := newStand(t, "")
			dir := t.TempDir()
			install(t, p.file, dir, "127.0.0.1", "127.0.0.1", "16931", port(t, s.at.guard))
			ask := func(authorization string) (got answer) {
				cmd := exec.Command(p.program, "-c", p.script)
				if p.program == "node" {
					cmd = exec.Command(p.program, "--input-type=module", "-e", p.script)
				}
				cmd.Dir = dir
				cmd.Env = os.Environ()
				if authorization != "" {
					cmd.Env = append(cmd.Env, "AUTHORIZATION="+authorization)
				}
				out, err := cmd.Output()
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(out, &got), "%s", out)
				return got
			}
			got := ask("Bearer " + s.mint("reader"))
			require.Equal(t, imdstest.DefaultObjectID, got.Caller["object_id"])
			require.Equal(t, []any{"reader"}, got.Caller["roles"])
			for authorization, status := range map[string]int{
				"Bearer " + s.mint("reader", expired): http.StatusUnauthorized, "": http.StatusUnauthorized, "Bearer a b": http.StatusBadRequest,
				"Bearer " + s.mint("reader", idToken): http.StatusUnauthorized,
			} {
				got = ask(authorization)
				require.Equal(t, status, got.Status, strings.TrimPrefix(authorization, "Bearer "))
				require.Contains(t, got.Headers["www-authenticate"], "Bearer")
			}
			s.guard.kill()
			require.Equal(t, http.StatusServiceUnavailable, ask("Bearer "+s.mint("reader")).Status)
		})
	}
}

// A service in Python knows its callers behind every proxy, and serves no caller without the
// headers.
func TestServiceInPython(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		testservice.Missing(t, "python3", "there is no python3 on this machine")
	}
	address := testservice.FreeAddress(t)
	cmd := exec.Command("python3", install(t, "service.py", t.TempDir(), "8080", port(t, address)))
	launch(t, cmd, answers(address, http.StatusForbidden))
	for _, p := range proxies {
		t.Run(p.name, func(t *testing.T) {
			s := newStand(t, p.speaks)
			s.at.service = address
			p.start(t, s.at)
			token := s.mint("reader")
			got := s.do(t, call{token: token, header: []string{"X_Auth_Roles: admin", "X-Auth-Object-Id: forged"}})
			require.Equal(t, http.StatusOK, got.status)
			require.Equal(t, imdstest.DefaultObjectID+" ['reader']\n", got.body)
			for _, c := range []call{{target: "/public/"}, {target: "/public/", header: []string{"X_Auth_Object_Id: forged", "X-Auth-Object-Id: forged"}}} {
				got = s.do(t, c)
				require.Equal(t, http.StatusForbidden, got.status)
				require.Equal(t, "no caller\n", got.body)
			}
			got = s.do(t, call{token: token, header: []string{"Connection: X-Auth-Object-Id"}})
			if got.status != http.StatusForbidden {
				require.Equal(t, imdstest.DefaultObjectID+" ['reader']\n", got.body)
			}
		})
	}
}
