package guard

import (
	"context"
	"errors"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Each signal's exporter, and a function that sends it something.
func exporters(t *testing.T) map[string]struct {
	component.Component
	send func() error
} {
	t.Helper()
	ctx := context.Background()
	factory := Exporter(exportertest.NewNopFactory())
	set := exportertest.NewNopSettings(factory.Type())
	config := factory.CreateDefaultConfig()
	traces, err := factory.CreateTraces(ctx, set, config)
	logs, logsErr := factory.CreateLogs(ctx, set, config)
	metrics, metricsErr := factory.CreateMetrics(ctx, set, config)
	if err := errors.Join(err, logsErr, metricsErr); err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		component.Component
		send func() error
	}{
		"traces":  {traces, func() error { return traces.ConsumeTraces(ctx, ptrace.NewTraces()) }},
		"logs":    {logs, func() error { return logs.ConsumeLogs(ctx, plog.NewLogs()) }},
		"metrics": {metrics, func() error { return metrics.ConsumeMetrics(ctx, pmetric.NewMetrics()) }},
	}
}

func TestRefusesUntilStarted(t *testing.T) {
	for signal, exporter := range exporters(t) {
		err := exporter.send()
		if !errors.Is(err, errNotStarted) || consumererror.IsPermanent(err) {
			t.Errorf("%s before the start: %v", signal, err)
		}
		if err := exporter.Start(context.Background(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
		if err := exporter.send(); err != nil {
			t.Errorf("%s after the start: %v", signal, err)
		}
		if err := exporter.Shutdown(context.Background()); err != nil {
			t.Errorf("%s: %v", signal, err)
		}
	}
}

type failing struct{ component.Component }

func (failing) Start(context.Context, component.Host) error { return errors.New("cannot start") }

func TestStaysShutIfTheStartFails(t *testing.T) {
	g := &gate{Component: failing{}}
	if g.Start(context.Background(), componenttest.NewNopHost()) == nil || g.open.Load() {
		t.Error("the gate is open")
	}
}
