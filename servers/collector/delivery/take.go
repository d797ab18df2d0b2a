package delivery

import (
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

func takeSpans(batch ptrace.Traces, items int) ptrace.Traces {
	taken := ptrace.NewTraces()
	batch.ResourceSpans().RemoveIf(func(from ptrace.ResourceSpans) bool {
		if items == 0 {
			return false
		}
		resource := taken.ResourceSpans().AppendEmpty()
		from.Resource().CopyTo(resource.Resource())
		resource.SetSchemaUrl(from.SchemaUrl())
		from.ScopeSpans().RemoveIf(func(from ptrace.ScopeSpans) bool {
			if items == 0 {
				return false
			}
			scope := resource.ScopeSpans().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.Spans().RemoveIf(func(span ptrace.Span) bool {
				return moved(&items, func() { span.MoveTo(scope.Spans().AppendEmpty()) })
			})
			return from.Spans().Len() == 0
		})
		return from.ScopeSpans().Len() == 0
	})
	return taken
}

func takeRecords(batch plog.Logs, items int) plog.Logs {
	taken := plog.NewLogs()
	batch.ResourceLogs().RemoveIf(func(from plog.ResourceLogs) bool {
		if items == 0 {
			return false
		}
		resource := taken.ResourceLogs().AppendEmpty()
		from.Resource().CopyTo(resource.Resource())
		resource.SetSchemaUrl(from.SchemaUrl())
		from.ScopeLogs().RemoveIf(func(from plog.ScopeLogs) bool {
			if items == 0 {
				return false
			}
			scope := resource.ScopeLogs().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.LogRecords().RemoveIf(func(record plog.LogRecord) bool {
				return moved(&items, func() { record.MoveTo(scope.LogRecords().AppendEmpty()) })
			})
			return from.LogRecords().Len() == 0
		})
		return from.ScopeLogs().Len() == 0
	})
	return taken
}

func takePoints(batch pmetric.Metrics, items int) pmetric.Metrics {
	taken := pmetric.NewMetrics()
	batch.ResourceMetrics().RemoveIf(func(from pmetric.ResourceMetrics) bool {
		if items == 0 {
			return false
		}
		resource := taken.ResourceMetrics().AppendEmpty()
		from.Resource().CopyTo(resource.Resource())
		resource.SetSchemaUrl(from.SchemaUrl())
		from.ScopeMetrics().RemoveIf(func(from pmetric.ScopeMetrics) bool {
			if items == 0 {
				return false
			}
			scope := resource.ScopeMetrics().AppendEmpty()
			from.Scope().CopyTo(scope.Scope())
			scope.SetSchemaUrl(from.SchemaUrl())
			from.Metrics().RemoveIf(func(metric pmetric.Metric) bool {
				return items > 0 && takeFromMetric(metric, scope.Metrics().AppendEmpty(), &items)
			})
			return from.Metrics().Len() == 0
		})
		return from.ScopeMetrics().Len() == 0
	})
	return taken
}

// takeFromMetric is true if nothing is left of the metric.
func takeFromMetric(from, to pmetric.Metric, items *int) bool {
	to.SetName(from.Name())
	to.SetDescription(from.Description())
	to.SetUnit(from.Unit())
	from.Metadata().CopyTo(to.Metadata())
	switch from.Type() {
	case pmetric.MetricTypeGauge:
		return takeNumbers(from.Gauge().DataPoints(), to.SetEmptyGauge().DataPoints(), items)
	case pmetric.MetricTypeSum:
		sum := to.SetEmptySum()
		sum.SetAggregationTemporality(from.Sum().AggregationTemporality())
		sum.SetIsMonotonic(from.Sum().IsMonotonic())
		return takeNumbers(from.Sum().DataPoints(), sum.DataPoints(), items)
	case pmetric.MetricTypeHistogram:
		histogram, points := to.SetEmptyHistogram(), from.Histogram().DataPoints()
		histogram.SetAggregationTemporality(from.Histogram().AggregationTemporality())
		points.RemoveIf(func(point pmetric.HistogramDataPoint) bool {
			return moved(items, func() { point.MoveTo(histogram.DataPoints().AppendEmpty()) })
		})
		return points.Len() == 0
	case pmetric.MetricTypeExponentialHistogram:
		histogram, points := to.SetEmptyExponentialHistogram(), from.ExponentialHistogram().DataPoints()
		histogram.SetAggregationTemporality(from.ExponentialHistogram().AggregationTemporality())
		points.RemoveIf(func(point pmetric.ExponentialHistogramDataPoint) bool {
			return moved(items, func() { point.MoveTo(histogram.DataPoints().AppendEmpty()) })
		})
		return points.Len() == 0
	case pmetric.MetricTypeSummary:
		summary, points := to.SetEmptySummary(), from.Summary().DataPoints()
		points.RemoveIf(func(point pmetric.SummaryDataPoint) bool {
			return moved(items, func() { point.MoveTo(summary.DataPoints().AppendEmpty()) })
		})
		return points.Len() == 0
	}
	return true
}

func takeNumbers(from, to pmetric.NumberDataPointSlice, items *int) bool {
	from.RemoveIf(func(point pmetric.NumberDataPoint) bool {
		return moved(items, func() { point.MoveTo(to.AppendEmpty()) })
	})
	return from.Len() == 0
}

// moved moves an item while some are wanted.
func moved(items *int, move func()) bool {
	if *items == 0 {
		return false
	}
	*items--
	move()
	return true
}
