package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

const (
	defaultReady = "http://127.0.0.1:16930/readyz"
	// readyTimeout is that of a probe: kubelets and Docker allow a few seconds.
	readyTimeout = 5 * time.Second
	maxReady     = 1 << 20
)

func newReady(p *printer) *cobra.Command {
	return &cobra.Command{
		Use:   "ready [URL]",
		Short: "Ask a running agent whether its tokens are there",
		Long: `Asks the /readyz of an agent, or of another service of this command, and ends with status 0 if it is ready and 1 if not. It
is for probes inside a container: those of a kubelet by httpGet do not reach loopback.`,
		Example: `  aztoken ready
  aztoken ready http://127.0.0.1:16932/readyz`,
		Args: cobra.MaximumNArgs(1),
		RunE: runs(func(cmd *cobra.Command, args []string) error {
			address := defaultReady
			if len(args) > 0 {
				address = args[0]
			}
			return askReady(cmd.Context(), cmd.OutOrStdout(), p, address)
		}),
	}
}

// askReady prints what is not ready.
func askReady(ctx context.Context, out io.Writer, p *printer, address string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Host == "" {
		return usage("aztoken: %q is not a URL; give one as in %s", address, defaultReady)
	}
	direct := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := direct.Do(req)
	if err != nil {
		return fmt.Errorf("aztoken: nothing answers: %w; see that the agent runs", err)
	}
	defer resp.Body.Close()
	var details json.RawMessage
	err = json.NewDecoder(io.LimitReader(resp.Body, maxReady)).Decode(&details)
	if err != nil || resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusServiceUnavailable {
		return fmt.Errorf("aztoken: %s is not the /readyz of an agent: %s", address, resp.Status)
	}
	if err := p.print(out, details, func() string { return string(details) + "\n" }); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errReported
	}
	return nil
}
