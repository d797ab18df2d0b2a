// Package limitsprocessor bounds what a collector takes in before it is queued: see the package limits.
package limitsprocessor

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processorhelper"
	"go.uber.org/zap"

	"github.com/signalfire/signalfire/servers/collector/limits"
	"github.com/signalfire/signalfire/servers/collector/refusals"
)

// Config is the `limits` section of a collector's configuration. What the stores take is no matter of taste.
type Config struct{}

var mutates = processorhelper.WithCapabilities(consumer.Capabilities{MutatesData: true})

// NewFactory makes the `limits` processor known to a collector.
func NewFactory() processor.Factory {
	return processor.NewFactory(
		component.MustNewType("limits"),
		func() component.Config { return &Config{} },
		processor.WithTraces(createTraces, component.StabilityLevelBeta),
		processor.WithLogs(createLogs, component.StabilityLevelBeta),
		processor.WithMetrics(createMetrics, component.StabilityLevelBeta),
	)
}

func createTraces(
	ctx context.Context, settings processor.Settings, config component.Config, next consumer.Traces,
) (processor.Traces, error) {
	counter, err := refusals.New(settings.TelemetrySettings, settings.ID, pipeline.SignalTraces)
	if err != nil {
		return nil, err
	}
	bound := func(ctx context.Context, traces ptrace.Traces) (ptrace.Traces, error) {
		counter.Report(ctx, limits.Traces(traces))
		return traces, nil
	}
	return processorhelper.NewTraces(ctx, settings, config, next, bound, mutates)
}

func createLogs(
	ctx context.Context, settings processor.Settings, config component.Config, next consumer.Logs,
) (processor.Logs, error) {
	counter, err := refusals.New(settings.TelemetrySettings, settings.ID, pipeline.SignalLogs)
	if err != nil {
		return nil, err
	}
	bound := func(ctx context.Context, logs plog.Logs) (plog.Logs, error) {
		counter.Report(ctx, limits.Logs(logs))
		return logs, nil
	}
	return processorhelper.NewLogs(ctx, settings, config, next, bound, mutates)
}

func createMetrics(
	ctx context.Context, settings processor.Settings, config component.Config, next consumer.Metrics,
) (processor.Metrics, error) {
	counter, err := refusals.New(
		settings.TelemetrySettings, settings.ID, pipeline.SignalMetrics, limits.OfMetrics...,
	)
	if err != nil {
		return nil, err
	}
	bound := func(ctx context.Context, metrics pmetric.Metrics) (pmetric.Metrics, error) {
		from := services(metrics)
		report := limits.Metrics(metrics, time.Now())
		counter.Report(ctx, report)
		if len(report.Refused) > 0 {
			settings.Logger.Warn("Metric points were refused", zap.Any("points", report.Refused), zap.Strings("services", from))
		}
		if metrics.ResourceMetrics().Len() == 0 {
			return metrics, processorhelper.ErrSkipProcessingData
		}
		return metrics, nil
	}
	return processorhelper.NewMetrics(ctx, settings, config, next, bound, mutates)
}

// services names the first few whose metrics these are.
func services(metrics pmetric.Metrics) []string {
	const most = 5
	var names []string
	for i := range min(metrics.ResourceMetrics().Len(), most) {
		name, found := metrics.ResourceMetrics().At(i).Resource().Attributes().Get("service.name")
		if found {
			names = append(names, name.AsString())
		}
	}
	return names
}
