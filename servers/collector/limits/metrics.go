package limits

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// Prometheus takes what is at most this far from now: the one is its out_of_order_time_window, which is a little
	// longer, as it counts from the newest point of all; the other is written into its OTLP receiver.
	oldest = 2 * time.Hour
	newest = 10 * time.Minute

	maxBuckets   = 4096 // of a histogram, and quantiles of a summary
	maxExemplars = 32
)

const cumulative = pmetric.AggregationTemporalityCumulative

// Metrics bounds metrics in their place and removes each point that Prometheus would not take at that time: it refuses
// a request as a whole.
func Metrics(metrics pmetric.Metrics, now time.Time) Report {
	m := measured{
		Report: Report{labels: true},
		from:   pcommon.NewTimestampFromTime(now.Add(-oldest)),
		to:     pcommon.NewTimestampFromTime(now.Add(newest)),
	}
	metrics.ResourceMetrics().RemoveIf(func(resource pmetric.ResourceMetrics) bool {
		m.resource(resource.Resource())
		m.text(resource.SchemaUrl(), maxName, resource.SetSchemaUrl)
		resource.ScopeMetrics().RemoveIf(func(scope pmetric.ScopeMetrics) bool {
			m.scope(scope.Scope())
			m.text(scope.SchemaUrl(), maxName, scope.SetSchemaUrl)
			scope.Metrics().RemoveIf(m.metric)
			return scope.Metrics().Len() == 0
		})
		return resource.ScopeMetrics().Len() == 0
	})
	return m.Report
}

type measured struct {
	Report
	from, to pcommon.Timestamp
}

// metric is true if nothing is left of it.
func (m *measured) metric(metric pmetric.Metric) (empty bool) {
	m.text(metric.Name(), maxName, metric.SetName)
	m.text(metric.Description(), maxName, metric.SetDescription)
	m.text(metric.Unit(), maxKey, metric.SetUnit)
	m.attributes(metric.Metadata(), ofPoint)
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		points := metric.Gauge().DataPoints()
		return m.unfit(metric, cumulative, points.Len()) || m.numbers(points)
	case pmetric.MetricTypeSum:
		points := metric.Sum().DataPoints()
		return m.unfit(metric, metric.Sum().AggregationTemporality(), points.Len()) || m.numbers(points)
	case pmetric.MetricTypeHistogram:
		points := metric.Histogram().DataPoints()
		return m.unfit(metric, metric.Histogram().AggregationTemporality(), points.Len()) || m.histograms(points)
	case pmetric.MetricTypeExponentialHistogram:
		points := metric.ExponentialHistogram().DataPoints()
		return m.unfit(metric, metric.ExponentialHistogram().AggregationTemporality(), points.Len()) || m.exponential(points)
	case pmetric.MetricTypeSummary:
		points := metric.Summary().DataPoints()
		return m.unfit(metric, cumulative, points.Len()) || m.summaries(points)
	}
	return true
}

// unfit is true if none of the points can be taken, which is counted.
func (m *measured) unfit(metric pmetric.Metric, temporality pmetric.AggregationTemporality, points int) bool {
	switch {
	case !hasName(metric.Name()):
		m.refuse(NoName, points)
	case temporality != cumulative:
		m.refuse(Delta, points)
	default:
		return false
	}
	return true
}

func (m *measured) numbers(points pmetric.NumberDataPointSlice) (empty bool) {
	points.RemoveIf(func(point pmetric.NumberDataPoint) bool {
		return m.point(point.Timestamp(), 0, point.Attributes()) || m.exemplars(point.Exemplars())
	})
	return points.Len() == 0
}

func (m *measured) histograms(points pmetric.HistogramDataPointSlice) (empty bool) {
	points.RemoveIf(func(point pmetric.HistogramDataPoint) bool {
		buckets := max(point.BucketCounts().Len(), point.ExplicitBounds().Len())
		return m.point(point.Timestamp(), buckets, point.Attributes()) || m.exemplars(point.Exemplars())
	})
	return points.Len() == 0
}

func (m *measured) exponential(points pmetric.ExponentialHistogramDataPointSlice) (empty bool) {
	points.RemoveIf(func(point pmetric.ExponentialHistogramDataPoint) bool {
		buckets := point.Positive().BucketCounts().Len() + point.Negative().BucketCounts().Len()
		return m.point(point.Timestamp(), buckets, point.Attributes()) || m.exemplars(point.Exemplars())
	})
	return points.Len() == 0
}

func (m *measured) summaries(points pmetric.SummaryDataPointSlice) (empty bool) {
	points.RemoveIf(func(point pmetric.SummaryDataPoint) bool {
		return m.point(point.Timestamp(), point.QuantileValues().Len(), point.Attributes())
	})
	return points.Len() == 0
}

// point is true if it is to be removed, which is counted.
func (m *measured) point(moment pcommon.Timestamp, buckets int, attributes pcommon.Map) bool {
	switch {
	case moment < m.from:
		m.refuse(TooOld, 1)
	case moment > m.to:
		m.refuse(TooNew, 1)
	case buckets > maxBuckets:
		m.refuse(TooLarge, 1)
	default:
		m.attributes(attributes, ofPoint)
		return false
	}
	return true
}

// exemplars never removes the point.
func (m *measured) exemplars(exemplars pmetric.ExemplarSlice) bool {
	kept := 0
	exemplars.RemoveIf(func(exemplar pmetric.Exemplar) bool {
		kept++
		if kept > maxExemplars {
			m.Changed++
			return true
		}
		m.attributes(exemplar.FilteredAttributes(), ofExemplar)
		return false
	})
	return false
}
