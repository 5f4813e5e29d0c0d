package main

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed-ac726066/aztoken/internal/emit"
	"github.com/seed-ac726066/aztoken/internal/rollout"
)

// replicationTimeout is twice the longest replication seen.
const replicationTimeout = 10 * time.Minute

// change is a change to the directory for some identities, by flags: it is planned, shown, agreed
// to and carried out, or written for another tool.
type change struct {
	*printer
	directory
	to          []string
	revoke      bool
	dryRun, yes bool
	emit        string
}

func (c *change) addFlags(cmd *cobra.Command, revoke string) {
	c.directory.addFlags(cmd, replicationTimeout, "how long to wait for Entra ID")
	f := cmd.Flags()
	f.StringArrayVar(&c.to, "to", nil, "a managed identity (may be repeated)")
	f.BoolVar(&c.revoke, "revoke", false, revoke)
	f.BoolVar(&c.dryRun, "dry-run", false, "show the plan and change nothing")
	f.BoolVar(&c.yes, "yes", false, "do not ask")
	f.StringVar(&c.emit, "emit", "", "print the equivalent for another tool instead: az (a script), terraform or bicep")
	complete(cmd, "emit", emit.Forms()...)
	cmd.MarkFlagsMutuallyExclusive("emit", "dry-run")
}

// check returns what is wrong with the flags.
func (c *change) check() error {
	if err := c.directory.check(); err != nil {
		return err
	}
	for _, to := range c.to {
		if to == "" {
			return usage("aztoken: --to is empty; set it to a managed identity")
		}
	}
	if c.emit != "" {
		if err := emit.Form(c.emit).Check(); err != nil {
			return usageError{err}
		}
	}
	return nil
}

// read calls f with a separate timeout, because people take time to read a plan.
func (c *change) read(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return f(ctx)
}

// report is what a change prints.
type report interface {
	outcome() *changeResult
	text() string
}

// carryOut shows the plan, asks, and calls apply, which returns the report of what is there then.
// It prints what was done, even if not all.
func (c *change) carryOut(cmd *cobra.Command, planned report, apply func(context.Context, func(rollout.Progress)) (report, error)) error {
	before := planned.outcome()
	if len(before.Steps) == 0 || c.dryRun {
		before.DryRun = c.dryRun
		return c.print(cmd.OutOrStdout(), planned, planned.text)
	}
	if !c.json() {
		_, _ = io.WriteString(cmd.OutOrStdout(), before.plan())
	}
	if !c.yes {
		if c.json() {
			_, _ = io.WriteString(cmd.ErrOrStderr(), before.plan())
		}
		if yes, err := confirmed(cmd.Context(), cmd.InOrStdin(), cmd.ErrOrStderr(), "Apply these changes?"); err != nil || !yes {
			return orDeclined(err)
		}
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), c.timeout)
	defer cancel()
	progress := newStepWriter(cmd.ErrOrStderr())
	after, err := apply(ctx, progress.tell)
	if err != nil {
		progress.erase()
		if !c.json() {
			return err
		}
	}
	after.outcome().apply(progress.done, err == nil)
	if printErr := c.print(cmd.OutOrStdout(), after, after.text); err == nil {
		err = printErr
	}
	return err
}

// printEmitted prints the text for another tool.
func (c *change) printEmitted(out io.Writer, text string) error {
	return c.print(out, emitted{c.emit, text}, func() string { return text })
}

// emitted is what --emit prints, as JSON.
type emitted struct {
	Form string `json:"form"`
	Text string `json:"text"`
}
