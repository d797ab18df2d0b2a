package journalprocessor

import (
	"errors"
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the `journal` section of a collector's configuration.
type Config struct {
	// Storage names the storage extension that holds the journal.
	Storage component.ID `mapstructure:"storage"`
	// Retain is how long a batch stays in the journal. It must be longer than the components behind the journal
	// need to bring the batch to their own storage (for tail sampling: its decision wait and a few seconds).
	Retain time.Duration `mapstructure:"retain"`
	// MaxBytes bounds the journal. While it is full new batches are refused, which makes their senders try again later.
	MaxBytes int64 `mapstructure:"max_bytes"`
}

func createDefaultConfig() component.Config {
	return &Config{Retain: time.Minute, MaxBytes: 256 << 20}
}

// Validate is called by the collector when it loads its configuration.
func (c *Config) Validate() error {
	switch {
	case c.Storage == component.ID{}:
		return errors.New("storage must name a storage extension, for example file_storage")
	case c.Retain <= 0:
		return errors.New("retain must be longer than 0s")
	case c.MaxBytes <= 0:
		return errors.New("max_bytes must be more than 0")
	}
	return nil
}
