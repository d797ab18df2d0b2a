package journalprocessor

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/metric"
)

// What the journal tells about itself, beside the collector's other metrics.
type telemetry struct {
	replayed metric.Int64Counter
	refused  metric.Int64Counter
}

func newTelemetry(settings component.TelemetrySettings, size func() int64) (*telemetry, error) {
	meter := settings.MeterProvider.Meter("github.com/signalfire/signalfire/servers/collector/journalprocessor")
	_, sizeErr := meter.Int64ObservableGauge(
		"otelcol_processor_journal_size",
		metric.WithDescription("Size of the batches of spans that the journal keeps"),
		metric.WithUnit("By"),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(size())
			return nil
		}),
	)
	replayed, replayedErr := meter.Int64Counter(
		"otelcol_processor_journal_replayed_spans",
		metric.WithDescription("Spans of an earlier process that were passed on again at the start"),
		metric.WithUnit("{spans}"),
	)
	refused, refusedErr := meter.Int64Counter(
		"otelcol_processor_journal_refused_spans",
		metric.WithDescription("Spans refused because the journal was full or could not be written"),
		metric.WithUnit("{spans}"),
	)
	return &telemetry{replayed: replayed, refused: refused}, errors.Join(sizeErr, replayedErr, refusedErr)
}
