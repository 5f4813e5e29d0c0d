package rules

import "time"

// ServiceCall is a call of a service through a client's transport.
type ServiceCall struct {
	Token    TokenCall // what the call spent on its token: it ends when the first request leaves
	NoToken  bool      // it failed for want of a token
	End      time.Time
	Remote   time.Duration // what its requests spent on the way and at the service
	Rejected bool          // a service rejected the token of one of them
	Excused  bool          // the connection or the service itself was out of order
	Status   int           // of the last answer
	Err      error
}

// Findings returns the rules that the call broke.
func (c ServiceCall) Findings() []Finding {
	if c.NoToken {
		c.Token.End, c.Token.Err = c.End, c.Err
		return c.Token.Findings()
	}
	all := c.Token.waits()
	// Beyond the first token the client may wait only for another in place of a rejected one.
	limit := c.Token.Slack
	if c.Rejected {
		limit += replacement
	}
	if waited := c.End.Sub(c.Token.End) - c.Remote; waited > limit {
		all = append(all, found(NoWait, "it waited %v after its request was answered %d", waited, c.Status))
	}
	if c.Err != nil && !c.Excused && !c.Token.Over && !c.Token.Closed {
		all = append(all, found(NoRiddle, "%v", c.Err))
	}
	return append(all, SecretsOfError("an error of a call of the service", c.Err)...)
}
