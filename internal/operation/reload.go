package operation

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// Reloads reads a configuration again with each SIGHUP. Signals that arrive during a reload are
// merged into one.
type Reloads struct {
	load    func(context.Context) error
	signals chan os.Signal

	successful atomic.Bool
	last       atomic.Int64 // Unix seconds of the last success
}

// NewReloads returns Reloads that call load, which has been called once with success: it swaps in a
// good configuration, or returns an error and changes nothing. Its context ends when the service
// must end. Call Stop at the end.
func NewReloads(set *metrics.Set, load func(context.Context) error) *Reloads {
	r := &Reloads{load: load, signals: make(chan os.Signal, 1)}
	r.succeed()
	set.NewGauge("aztoken_config_last_reload_successful", func() float64 {
		if r.successful.Load() {
			return 1
		}
		return 0
	})
	set.NewGauge("aztoken_config_last_reload_success_timestamp_seconds", func() float64 { return float64(r.last.Load()) })
	signal.Notify(r.signals, syscall.SIGHUP)
	return r
}

// Stop stops handling signals.
func (r *Reloads) Stop() { signal.Stop(r.signals) }

// asked returns the channel of signals, which is nil for nil Reloads and then never receives one.
func (r *Reloads) asked() <-chan os.Signal {
	if r == nil {
		return nil
	}
	return r.signals
}

func (r *Reloads) reload(ctx context.Context, logger *slog.Logger) {
	if err := r.load(ctx); err != nil {
		r.successful.Store(false)
		logger.Error("aztoken: the configuration was not reloaded, and the one before stays", "error", err.Error())
		return
	}
	r.succeed()
	logger.Info("aztoken: the configuration was reloaded")
}

func (r *Reloads) succeed() {
	r.successful.Store(true)
	r.last.Store(time.Now().Unix())
}
