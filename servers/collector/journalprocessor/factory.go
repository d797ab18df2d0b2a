// Package journalprocessor keeps spans on disk while the components behind it still hold them in memory alone.
//
// A tail sampler waits some seconds for a trace to be complete before it decides. The spans were acknowledged to the
// application long before that, so a crash in between would lose them. The journal writes each batch to a storage
// extension before it passes the batch on, forgets it after `retain`, and replays what is left when it starts.
// Spans that had already been delivered are thereby delivered twice, which a trace store that identifies a span by its
// trace, its id and its start time overwrites.
package journalprocessor

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/processor"
)

// NewFactory makes the `journal` processor known to a collector.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("journal"),
		createDefaultConfig,
		processor.WithTraces(createTraces, component.StabilityLevelBeta),
	)
}

func createTraces(
	_ context.Context, settings processor.Settings, config component.Config, next consumer.Traces,
) (processor.Traces, error) {
	return newJournal(settings, config.(*Config), next)
}
