package limits

import (
	"fmt"
	"math"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

var now = time.Unix(1_800_000_000, 0)

func TestPointsOutsideOfTheWindowGoAlone(t *testing.T) {
	for name, c := range map[string]struct {
		moment pcommon.Timestamp
		want   Reason
	}{
		"now":                  {at(0), ""},
		"just in time":         {at(-oldest + time.Second), ""},
		"late":                 {at(-oldest - time.Second), TooOld},
		"never":                {0, TooOld},
		"a little ahead":       {at(newest - time.Second), ""},
		"ahead":                {at(newest + time.Second), TooNew},
		"at the end of time":   {math.MaxUint64, TooNew},
		"where time is signed": {math.MaxInt64 + 1, TooNew},
	} {
		t.Run(name, func(t *testing.T) {
			metrics := pmetric.NewMetrics()
			for _, add := range everyType {
				add(metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty(), at(0), c.moment)
			}
			report := Metrics(metrics, now)
			kept, refused := 2*len(everyType), 0
			if c.want != "" {
				kept, refused = len(everyType), len(everyType)
			}
			if metrics.DataPointCount() != kept || report.Refused[c.want] != refused || len(report.Refused) > 1 {
				t.Errorf("%d points left, %v", metrics.DataPointCount(), report.Refused)
			}
		})
	}
}

func at(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(now.Add(d)) }

var everyType = map[string]func(metric pmetric.Metric, moments ...pcommon.Timestamp){
	"gauge": func(metric pmetric.Metric, moments ...pcommon.Timestamp) {
		metric.SetName("gauge")
		metric.SetEmptyGauge()
		for _, moment := range moments {
			metric.Gauge().DataPoints().AppendEmpty().SetTimestamp(moment)
		}
	},
	"sum": func(metric pmetric.Metric, moments ...pcommon.Timestamp) {
		metric.SetName("sum")
		metric.SetEmptySum().SetAggregationTemporality(cumulative)
		for _, moment := range moments {
			metric.Sum().DataPoints().AppendEmpty().SetTimestamp(moment)
		}
	},
	"histogram": func(metric pmetric.Metric, moments ...pcommon.Timestamp) {
		metric.SetName("histogram")
		metric.SetEmptyHistogram().SetAggregationTemporality(cumulative)
		for _, moment := range moments {
			metric.Histogram().DataPoints().AppendEmpty().SetTimestamp(moment)
		}
	},
	"exponential": func(metric pmetric.Metric, moments ...pcommon.Timestamp) {
		metric.SetName("exponential")
		metric.SetEmptyExponentialHistogram().SetAggregationTemporality(cumulative)
		for _, moment := range moments {
			metric.ExponentialHistogram().DataPoints().AppendEmpty().SetTimestamp(moment)
		}
	},
	"summary": func(metric pmetric.Metric, moments ...pcommon.Timestamp) {
		metric.SetName("summary")
		metric.SetEmptySummary()
		for _, moment := range moments {
			metric.Summary().DataPoints().AppendEmpty().SetTimestamp(moment)
		}
	},
}

func TestNothingIsLeftOfAMetricWithoutPoints(t *testing.T) {
	metrics := pmetric.NewMetrics()
	metric := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	everyType["sum"](metric, 0)
	Metrics(metrics, now)
	if metrics.ResourceMetrics().Len() != 0 {
		t.Error("an empty request would be sent")
	}
}

func TestWhatPrometheusHasNoFormForIsRefusedAlone(t *testing.T) {
	metrics := pmetric.NewMetrics()
	scope := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	for _, temporality := range []pmetric.AggregationTemporality{
		pmetric.AggregationTemporalityDelta, pmetric.AggregationTemporalityUnspecified,
	} {
		for _, name := range []string{"sum", "histogram", "exponential"} {
			metric := scope.Metrics().AppendEmpty()
			everyType[name](metric, at(0))
			switch metric.Type() {
			case pmetric.MetricTypeSum:
				metric.Sum().SetAggregationTemporality(temporality)
			case pmetric.MetricTypeHistogram:
				metric.Histogram().SetAggregationTemporality(temporality)
			default:
				metric.ExponentialHistogram().SetAggregationTemporality(temporality)
			}
		}
	}
	for _, add := range everyType {
		metric := scope.Metrics().AppendEmpty()
		add(metric, at(0))
		metric.SetName("")
	}
	everyType["histogram"](scope.Metrics().AppendEmpty(), at(0))
	buckets := scope.Metrics().At(scope.Metrics().Len() - 1).Histogram().DataPoints().At(0)
	buckets.BucketCounts().FromRaw(make([]uint64, maxBuckets+1))
	everyType["gauge"](scope.Metrics().AppendEmpty(), at(0))
	report := Metrics(metrics, now)
	want := map[Reason]int{Delta: 6, NoName: len(everyType), TooLarge: 1}
	if fmt.Sprint(report.Refused) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", report.Refused, want)
	}
	if metrics.DataPointCount() != 1 {
		t.Errorf("%d points are left", metrics.DataPointCount())
	}
}

func TestEverythingOfAMetricIsBounded(t *testing.T) {
	metrics := pmetric.NewMetrics()
	resource := metrics.ResourceMetrics().AppendEmpty()
	manyAttributes(resource.Resource().Attributes())
	scope := resource.ScopeMetrics().AppendEmpty()
	manyAttributes(scope.Scope().Attributes())
	metric := scope.Metrics().AppendEmpty()
	everyType["sum"](metric, at(0))
	metric.SetName("a" + long)
	metric.SetDescription(long)
	metric.SetUnit(long)
	manyAttributes(metric.Metadata())
	point := metric.Sum().DataPoints().At(0)
	manyAttributes(point.Attributes())
	manyAttributes(point.Exemplars().AppendEmpty().FilteredAttributes())
	for range 300 {
		wide(point.Exemplars().AppendEmpty().FilteredAttributes(), 50)
	}
	Metrics(metrics, now)
	checkAttributes(t, point.Attributes(), ofPoint)
	checkAttributes(t, point.Exemplars().At(0).FilteredAttributes(), ofExemplar)
	if point.Exemplars().Len() != maxExemplars || len(metric.Name()) > maxName || len(metric.Description()) > maxName {
		t.Error("something grew")
	}
	marshaler := pmetric.ProtoMarshaler{}
	if size := marshaler.MetricsSize(metrics); size > 1<<20 {
		t.Errorf("%d bytes", size)
	}
}

func TestKeysWithoutALatinLetterBecomeNames(t *testing.T) {
	keys := map[string]string{"名前": "key_名前", "_": "key__", "9": "9", "ключ.a": "ключ.a", long: Shorten("key_"+long, maxKey)}
	logs, metrics, traces := plog.NewLogs(), pmetric.NewMetrics(), ptrace.NewTraces()
	record := logs.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	resource := metrics.ResourceMetrics().AppendEmpty()
	everyType["gauge"](resource.ScopeMetrics().AppendEmpty().Metrics().AppendEmpty(), at(0))
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	for key := range keys {
		for _, attributes := range []pcommon.Map{record.Attributes(), resource.Resource().Attributes(), span.Attributes()} {
			attributes.PutStr(key, "value")
		}
	}
	Logs(logs)
	Metrics(metrics, now)
	Traces(traces)
	for key, want := range keys {
		for what, attributes := range map[string]pcommon.Map{"record": record.Attributes(), "resource": resource.Resource().Attributes()} {
			if _, found := attributes.Get(want); !found || attributes.Len() != len(keys) {
				t.Errorf("%s: no %.20q for %.20q", what, want, key)
			}
		}
	}
	if _, found := span.Attributes().Get("名前"); !found {
		t.Error("Jaeger shows any key")
	}
}
