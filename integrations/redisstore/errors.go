package redisstore

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// failed returns the error of a command. Of a refusal it keeps the code alone: its text may repeat
// arguments, and that of a server that does not know HELLO repeats the password.
func failed(what string, err error) error {
	if err == nil {
		return nil
	}
	if code, ok := codeOf(err); ok {
		return &ServerError{Command: what, Code: code}
	}
	return fmt.Errorf("redisstore: %s: %w", what, err)
}

// ServerError is a refusal of Redis.
type ServerError struct {
	Command string // "load", "save" or "lock"
	Code    string // the first word of the server's reply, such as "READONLY"
}

// Error returns what was refused, why, and what to do.
func (e *ServerError) Error() string {
	text := "redisstore: " + e.Command + ": redis refuses with " + e.Code
	if advice := advice(e.Code); advice != "" {
		text += ": " + advice
	}
	return text
}

// advice returns what to do about a code, "" if that is not known.
func advice(code string) string {
	switch code {
	case "WRONGPASS", "NOAUTH":
		return "check the user and password of the client"
	case "NOPERM":
		return "allow the user GET, GETRANGE, SET, EVAL, EVALSHA and DEL on keys with the prefix"
	case "OOM":
		return "it is full; raise maxmemory, or let it evict by volatile-ttl"
	case "READONLY":
		return "it is a replica; connect to the primary"
	case "MISCONF":
		return "it cannot write to its disk"
	case "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN":
		return "it is not ready"
	}
	return ""
}

// codeOf returns the code of a refusal.
func codeOf(err error) (code string, ok bool) {
	var refusal redis.Error
	if !errors.As(err, &refusal) {
		return "", false
	}
	code, _, _ = strings.Cut(refusal.Error(), " ")
	if code == "" || len(code) > 32 || strings.ToUpper(code) != code {
		return "an error without a code", true
	}
	return code, true
}

// isCode reports whether err is a refusal with this code.
func isCode(err error, code string) bool {
	got, ok := codeOf(err)
	return ok && got == code
}
