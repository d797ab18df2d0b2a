// Package guard makes exporters refuse data until they are started.
//
// A receiver that serves several signals is started with the first pipeline that it belongs to, while the exporters of
// the others may not be started yet. What arrives then makes an exporter with a queue on disk panic, or, if it
// arrives while the queue is being opened, write a new queue's beginning over the one that an earlier process has left.
package guard

import (
	"context"
	"errors"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/exporter"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// A sender takes it as a reason to try again.
var errNotStarted = errors.New("the collector is starting: try again")

// Exporter is the same kind of exporter, guarded.
func Exporter(factory exporter.Factory) exporter.Factory {
	return guarded{factory}
}

type guarded struct{ exporter.Factory }

func (g guarded) CreateTraces(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Traces, error) {
	inner, err := g.Factory.CreateTraces(ctx, set, config)
	return &traces{gate: gate{Component: inner}, Traces: inner}, err
}

func (g guarded) CreateLogs(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Logs, error) {
	inner, err := g.Factory.CreateLogs(ctx, set, config)
	return &logs{gate: gate{Component: inner}, Logs: inner}, err
}

func (g guarded) CreateMetrics(ctx context.Context, set exporter.Settings, config component.Config) (exporter.Metrics, error) {
	inner, err := g.Factory.CreateMetrics(ctx, set, config)
	return &metrics{gate: gate{Component: inner}, Metrics: inner}, err
}

// A gate opens once what is behind it is started.
type gate struct {
	component.Component
	open atomic.Bool
}

func (g *gate) Start(ctx context.Context, host component.Host) error {
	err := g.Component.Start(ctx, host)
	g.open.Store(err == nil)
	return err
}

type traces struct {
	gate
	consumer.Traces
}

func (t *traces) ConsumeTraces(ctx context.Context, data ptrace.Traces) error {
	if !t.open.Load() {
		return errNotStarted
	}
	return t.Traces.ConsumeTraces(ctx, data)
}

type logs struct {
	gate
	consumer.Logs
}

func (l *logs) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	if !l.open.Load() {
		return errNotStarted
	}
	return l.Logs.ConsumeLogs(ctx, data)
}

type metrics struct {
	gate
	consumer.Metrics
}

func (m *metrics) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	if !m.open.Load() {
		return errNotStarted
	}
	return m.Metrics.ConsumeMetrics(ctx, data)
}
