package emit

import "fmt"

const scriptHead = `#!/usr/bin/env bash
# %s
# It can be run again: what exists stays as it is. Sign in with az login first.
set -euo pipefail

graph=%s
rest() { az rest --resource "$graph" --only-show-errors "$@"; }
`

// Retry is a function of a script that repeats a command until it succeeds, for five minutes.
const Retry = `
# New objects take seconds to replicate, minutes at worst.
retry() {
  local try
  for ((try = 1; try <= 30; try++)); do
    if "$@"; then return 0; fi
    echo "not replicated yet, or refused for the reason above; trying again" >&2
    sleep 10
  done
  return 1
}
`

// Script returns the first lines of a script for the Azure CLI: $graph is the Graph at host, and
// rest calls it.
func Script(title, host string) string {
	return fmt.Sprintf(scriptHead, Comment(title), Shell("https://"+host))
}
