// Package delivery makes exporters deliver what their store takes and drop, singly and counted, what it never will.
//
// An exporter with a queue sends a batch again until it is taken, or drops it as a whole. The one item that a store will
// never take then holds up everything behind it for ever, or takes along the other services' data of the same batch. Here
// an exporter's queue and retries stand around a courier that bounds what leaves the queue once more (a queue may be older
// than the limits, and a metric point grows old in it), and takes refused batches apart.
package delivery

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/exporter/otlphttpexporter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/signalfire/signalfire/servers/collector/refusals"
)

// Exporter is the same kind of exporter, which delivers singly what its store does not take as a batch.
func Exporter(factory exporter.Factory) exporter.Factory {
	return delivering{factory}
}

type delivering struct{ exporter.Factory }

func (d delivering) CreateTraces(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Traces, error) {
	plain, options, err := unwrap(config)
	if err != nil {
		return nil, err
	}
	inner, err := d.Factory.CreateTraces(ctx, quiet(set), plain)
	if err != nil {
		return nil, err
	}
	courier, err := newCourier(set, ofTraces, options.largest, inner.ConsumeTraces)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewTraces(ctx, set, config, courier.deliver, around(inner, options)...)
}

func (d delivering) CreateLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	plain, options, err := unwrap(config)
	if err != nil {
		return nil, err
	}
	inner, err := d.Factory.CreateLogs(ctx, quiet(set), plain)
	if err != nil {
		return nil, err
	}
	courier, err := newCourier(set, ofLogs, options.largest, inner.ConsumeLogs)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewLogs(ctx, set, config, courier.deliver, around(inner, options)...)
}

func (d delivering) CreateMetrics(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	plain, options, err := unwrap(config)
	if err != nil {
		return nil, err
	}
	inner, err := d.Factory.CreateMetrics(ctx, quiet(set), plain)
	if err != nil {
		return nil, err
	}
	courier, err := newCourier(set, ofMetrics, options.largest, inner.ConsumeMetrics)
	if err != nil {
		return nil, err
	}
	return exporterhelper.NewMetrics(ctx, set, config, courier.deliver, around(inner, options)...)
}

// What the exporter would do itself and now stands around the courier.
type options struct {
	queue   configoptional.Optional[exporterhelper.QueueBatchConfig]
	retries configretry.BackOffConfig
	largest int // bytes of a request; 0: any
}

// unwrap is the configuration of an exporter that sends once and at once, and what it then lacks.
func unwrap(config component.Config) (component.Config, options, error) {
	none := configoptional.None[exporterhelper.QueueBatchConfig]()
	switch c := config.(type) {
	case *otlpexporter.Config:
		plain := *c
		plain.QueueConfig, plain.RetryConfig.Enabled = none, false
		return &plain, optionsOf(c.QueueConfig, c.RetryConfig), nil
	case *otlphttpexporter.Config:
		plain := *c
		plain.QueueConfig, plain.RetryConfig.Enabled = none, false
		return &plain, optionsOf(c.QueueConfig, c.RetryConfig), nil
	}
	return nil, options{}, fmt.Errorf("cannot deliver through an exporter with a %T", config)
}

// optionsOf leaves it to the courier to keep requests small. The queue would drop an item that alone is larger than a
// request may be, and all that comes behind it in the same batch, without counting any of them.
func optionsOf(queue configoptional.Optional[exporterhelper.QueueBatchConfig], retries configretry.BackOffConfig) options {
	found := options{queue: queue, retries: retries}
	config := found.queue.Get()
	if config == nil || !config.Batch.HasValue() || config.Batch.Get().Sizer != exporterhelper.RequestSizerTypeBytes {
		return found
	}
	batch := *config.Batch.Get()
	found.largest, batch.MaxSize = int(batch.MaxSize), 0
	changed := *config
	changed.Batch = configoptional.Some(batch)
	found.queue = configoptional.Some(changed)
	return found
}

func around(inner component.Component, options options) []exporterhelper.Option {
	return []exporterhelper.Option{
		exporterhelper.WithCapabilities(consumer.Capabilities{MutatesData: true}),
		exporterhelper.WithTimeout(exporterhelper.TimeoutConfig{Timeout: 0}), // each request has its own
		exporterhelper.WithRetry(options.retries),
		exporterhelper.WithQueue(options.queue),
		exporterhelper.WithStart(inner.Start),
		exporterhelper.WithShutdown(inner.Shutdown),
	}
}

func newCourier[T comparable](
	set exporter.Settings, kind kind[T], largest int, send func(context.Context, T) error,
) (*courier[T], error) {
	counter, countErr := refusals.New(set.TelemetrySettings, set.ID, kind.signal, kind.known...)
	courier := &courier[T]{kind: kind, largest: largest, send: send, counter: counter, logger: set.Logger, tries: map[T]try{}}
	labels := metric.WithAttributes(attribute.String("exporter", set.ID.String()))
	_, gaugeErr := set.MeterProvider.Meter("github.com/signalfire/signalfire/servers/collector").Int64ObservableGauge(
		"otelcol_exporter_stuck_batches",
		metric.WithDescription("Batches that are sent again and again while their store takes others"),
		metric.WithUnit("{batches}"),
		metric.WithInt64Callback(func(_ context.Context, observer metric.Int64Observer) error {
			observer.Observe(int64(courier.stuck()), labels)
			return nil
		}),
	)
	return courier, errors.Join(countErr, gaugeErr)
}

// quiet makes the exporter inside count nothing and report no failure: that is the outer one's, which tries again.
func quiet(set exporter.Settings) exporter.Settings {
	set.MeterProvider = noop.NewMeterProvider()
	set.Logger = set.Logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core { return withoutErrors{core} }))
	return set
}

// The helper of every exporter logs at this level alone that it rejects a batch.
type withoutErrors struct{ zapcore.Core }

func (w withoutErrors) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if entry.Level == zapcore.ErrorLevel {
		return checked
	}
	return w.Core.Check(entry, checked)
}

func (w withoutErrors) With(fields []zapcore.Field) zapcore.Core {
	return withoutErrors{w.Core.With(fields)}
}

// owner is the service that a resource is of.
func owner(resource pcommon.Resource) string {
	name, found := resource.Attributes().Get("service.name")
	if !found {
		return "unknown_service"
	}
	return name.AsString()
}
