// Package refusals counts what is not passed on because no store would ever take it, and what was cut for that.
package refusals

import (
	"context"
	"errors"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/signalfire/signalfire/servers/collector/limits"
)

// Counter counts for one component and signal.
type Counter struct {
	refused, limited metric.Int64Counter
	labels           []attribute.KeyValue
}

// New makes a counter. The reasons that are known begin at 0: Prometheus sees no increase in a series' first sample.
func New(settings component.TelemetrySettings, id component.ID, signal pipeline.Signal, known ...limits.Reason) (*Counter, error) {
	meter := settings.MeterProvider.Meter("github.com/signalfire/signalfire/servers/collector")
	refused, refusedErr := meter.Int64Counter(
		"otelcol_refused_items",
		metric.WithDescription("Spans, log records and metric points that no store would ever take, by the reason"),
		metric.WithUnit("{items}"),
	)
	limited, limitedErr := meter.Int64Counter(
		"otelcol_limited_values",
		metric.WithDescription("Values that were cut, replaced or left out so that every store can take the rest"),
		metric.WithUnit("{values}"),
	)
	counter := &Counter{refused: refused, limited: limited, labels: []attribute.KeyValue{
		attribute.String("component", id.String()), attribute.String("signal", signal.String()),
	}}
	if err := errors.Join(refusedErr, limitedErr); err != nil {
		return nil, err
	}
	for _, reason := range known {
		counter.Refused(context.Background(), reason, 0)
	}
	limited.Add(context.Background(), 0, metric.WithAttributes(counter.labels...))
	return counter, nil
}

// Refused counts items.
func (c *Counter) Refused(ctx context.Context, reason limits.Reason, items int) {
	labels := append([]attribute.KeyValue{attribute.String("reason", string(reason))}, c.labels...)
	c.refused.Add(ctx, int64(items), metric.WithAttributes(labels...))
}

// Report counts what became of a batch.
func (c *Counter) Report(ctx context.Context, report limits.Report) {
	for reason, items := range report.Refused {
		c.Refused(ctx, reason, items)
	}
	if report.Changed > 0 {
		c.limited.Add(ctx, int64(report.Changed), metric.WithAttributes(c.labels...))
	}
}
