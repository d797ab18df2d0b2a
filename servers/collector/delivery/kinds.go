package delivery

import (
	"crypto/rand"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pipeline"

	"github.com/signalfire/signalfire/servers/collector/limits"
)

// How batches of one signal are bounded, taken apart and put together.
type kind[T comparable] struct {
	signal pipeline.Signal
	limit  func(T) limits.Report
	count  func(T) int
	size   func(T) int                // bytes, as they are sent
	take   func(batch T, items int) T // moves the first items out of the batch
	join   func(batch, more T)        // moves what the other has to the end of the batch
	first  func(T) pcommon.Resource
	probe  func(probe) T
	failed func(error, T) error // tells the collector's retries that only this is left
	known  []limits.Reason
}

// A probe is an item that its store takes if it takes anything, and says why it was sent.
type probe struct {
	env, text string
}

func (p probe) describe(resource pcommon.Resource) {
	resource.Attributes().PutStr("service.name", service)
	resource.Attributes().PutStr("service", service)
	resource.Attributes().PutStr("env", p.env)
}

const (
	service   = "collector"
	probeName = "otelcol.refused.batch"
)

var ofTraces = kind[ptrace.Traces]{
	signal: pipeline.SignalTraces,
	limit:  limits.Traces,
	count:  ptrace.Traces.SpanCount,
	size:   new(ptrace.ProtoMarshaler).TracesSize,
	take:   takeSpans,
	join: func(batch, more ptrace.Traces) {
		more.ResourceSpans().MoveAndAppendTo(batch.ResourceSpans())
	},
	first: func(traces ptrace.Traces) pcommon.Resource { return traces.ResourceSpans().At(0).Resource() },
	probe: probeSpan,
	failed: func(err error, traces ptrace.Traces) error {
		return consumererror.NewTraces(err, traces)
	},
}

var ofLogs = kind[plog.Logs]{
	signal: pipeline.SignalLogs,
	limit:  limits.Logs,
	count:  plog.Logs.LogRecordCount,
	size:   new(plog.ProtoMarshaler).LogsSize,
	take:   takeRecords,
	join: func(batch, more plog.Logs) {
		more.ResourceLogs().MoveAndAppendTo(batch.ResourceLogs())
	},
	first: func(logs plog.Logs) pcommon.Resource { return logs.ResourceLogs().At(0).Resource() },
	probe: probeRecord,
	failed: func(err error, logs plog.Logs) error {
		return consumererror.NewLogs(err, logs)
	},
}

var ofMetrics = kind[pmetric.Metrics]{
	signal: pipeline.SignalMetrics,
	limit: func(metrics pmetric.Metrics) limits.Report {
		return limits.Metrics(metrics, time.Now())
	},
	count: pmetric.Metrics.DataPointCount,
	size:  new(pmetric.ProtoMarshaler).MetricsSize,
	take:  takePoints,
	join: func(batch, more pmetric.Metrics) {
		more.ResourceMetrics().MoveAndAppendTo(batch.ResourceMetrics())
	},
	first: func(metrics pmetric.Metrics) pcommon.Resource { return metrics.ResourceMetrics().At(0).Resource() },
	probe: probePoint,
	failed: func(err error, metrics pmetric.Metrics) error {
		return consumererror.NewMetrics(err, metrics)
	},
	known: limits.OfMetrics,
}

func probeSpan(p probe) ptrace.Traces {
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	p.describe(resource.Resource())
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	var trace pcommon.TraceID
	var id pcommon.SpanID
	_, _ = rand.Read(trace[:]) // never fails
	_, _ = rand.Read(id[:])
	span.SetTraceID(trace)
	span.SetSpanID(id)
	span.SetName(probeName)
	now := pcommon.NewTimestampFromTime(time.Now())
	span.SetStartTimestamp(now)
	span.SetEndTimestamp(now)
	span.Attributes().PutStr("error.message", p.text)
	return traces
}

func probeRecord(p probe) plog.Logs {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	p.describe(resource.Resource())
	resource.Resource().Attributes().PutStr("level", "warning")
	record := resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	record.SetSeverityNumber(plog.SeverityNumberWarn)
	record.Body().SetStr(p.text)
	return logs
}

func probePoint(p probe) pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	resource := metrics.ResourceMetrics().AppendEmpty()
	p.describe(resource.Resource())
	metric := resource.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	metric.SetName(probeName)
	point := metric.SetEmptyGauge().DataPoints().AppendEmpty()
	point.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	point.SetIntValue(1)
	return metrics
}
