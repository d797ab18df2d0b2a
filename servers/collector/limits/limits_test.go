package limits

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Beyond this badger takes no key of Jaeger's index, which holds a service, a key and a value.
const mostOfAnIndexKey = 65_000 - 100

// What no text may be: longer than anything takes, with a character of three bytes at every place.
var long = strings.Repeat("€", 30_000)

// Every way in which one value can be too large or be no value.
func fillers() map[string]func(pcommon.Value) {
	return map[string]func(pcommon.Value){
		"text":        func(v pcommon.Value) { v.SetStr(long) },
		"not UTF-8":   func(v pcommon.Value) { v.SetStr(strings.Repeat("\xff\xc3", 40_000)) },
		"needs quote": func(v pcommon.Value) { v.SetStr(strings.Repeat("\x00", 80_000)) },
		"bytes":       func(v pcommon.Value) { v.SetEmptyBytes().FromRaw(bytes.Repeat([]byte{255}, 90_000)) },
		"list": func(v pcommon.Value) {
			list := v.SetEmptySlice()
			for range 20 {
				list.AppendEmpty().SetStr(strings.Repeat("x", 7_500))
			}
		},
		"list to be quoted": func(v pcommon.Value) {
			list := v.SetEmptySlice()
			for range 20 {
				list.AppendEmpty().SetStr(strings.Repeat("\x01", 7_500))
			}
		},
		"list of many": func(v pcommon.Value) {
			list := v.SetEmptySlice()
			for range 30_000 {
				list.AppendEmpty()
			}
		},
		"numbers": func(v pcommon.Value) {
			list := v.SetEmptySlice()
			for range 20_000 {
				list.AppendEmpty().SetDouble(-math.MaxFloat64)
			}
		},
		"map":      func(v pcommon.Value) { v.SetEmptyMap().PutStr(long, long) },
		"wide map": func(v pcommon.Value) { wide(v.SetEmptyMap(), 2_000) },
		"deep": func(v pcommon.Value) {
			for range 500 {
				v = v.SetEmptyMap().PutEmpty("a")
			}
		},
		"deep list": func(v pcommon.Value) {
			for range 500 {
				v = v.SetEmptySlice().AppendEmpty()
			}
		},
		"NaN":       func(v pcommon.Value) { v.SetDouble(math.NaN()) },
		"infinity":  func(v pcommon.Value) { v.SetDouble(math.Inf(1)) },
		"-infinity": func(v pcommon.Value) { v.SetDouble(math.Inf(-1)) },
		"NaN in a list": func(v pcommon.Value) {
			v.SetEmptySlice().AppendEmpty().SetDouble(math.NaN())
		},
		"infinity in a map in a list": func(v pcommon.Value) {
			v.SetEmptySlice().AppendEmpty().SetEmptyMap().PutDouble("a", math.Inf(-1))
		},
	}
}

func wide(attributes pcommon.Map, count int) {
	for i := range count {
		attributes.PutStr(fmt.Sprint("key-", i), "value")
	}
}

func manyAttributes(attributes pcommon.Map) {
	for name, fill := range fillers() {
		fill(attributes.PutEmpty(name))
	}
	for i := range 150 {
		attributes.PutStr(fmt.Sprint("large-", i), long)
	}
	attributes.PutStr(long, "long key")
	attributes.PutStr("", "no key")
	attributes.PutStr("\xff", "key that is no text")
	attributes.PutStr("http.route", "/last")
}

// size in JSON, as the stores keep lists and maps, and whether everything in it can be kept.
func check(t *testing.T, value pcommon.Value) {
	t.Helper()
	text := value.AsString()
	if !utf8.ValidString(text) {
		t.Errorf("no UTF-8: %.40q", text)
	}
	if most := mostOfAnIndexKey - maxKey - maxIdentity; len(text) > most {
		t.Errorf("%d bytes of %s", len(text), value.Type())
	}
	if _, err := json.Marshal(value.AsRaw()); err != nil {
		t.Error(err)
	}
}

func checkAttributes(t *testing.T, attributes pcommon.Map, most bounds) {
	t.Helper()
	if attributes.Len() > most.entries+forImportant.entries {
		t.Errorf("%d attributes", attributes.Len())
	}
	total := 0
	for key, value := range attributes.All() {
		if key == "" || len(key) > maxKey || !utf8.ValidString(key) {
			t.Errorf("key %.40q", key)
		}
		check(t, value)
		if value.Type() == pcommon.ValueTypeStr {
			total += len(value.Str())
		}
	}
	if total > most.total+forImportant.bytes {
		t.Errorf("%d bytes of attributes", total)
	}
}

func TestEachWayAloneInAnAttribute(t *testing.T) {
	for name, fill := range fillers() {
		t.Run(name, func(t *testing.T) {
			traces := ptrace.NewTraces()
			span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
			fill(span.Attributes().PutEmpty("a"))
			fill(span.Events().AppendEmpty().Attributes().PutEmpty("a"))
			report := Traces(traces)
			if report.Changed == 0 {
				t.Error("not counted")
			}
			checkAttributes(t, span.Attributes(), ofSpan)
			checkAttributes(t, span.Events().At(0).Attributes(), ofEvent)
			if span.Attributes().Len() != 1 {
				t.Error("the attribute is gone")
			}
		})
	}
}

func TestEverythingOfASpanIsBounded(t *testing.T) {
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	manyAttributes(resource.Resource().Attributes())
	resource.Resource().Attributes().PutStr("service.name", long)
	resource.SetSchemaUrl(long)
	scope := resource.ScopeSpans().AppendEmpty()
	scope.SetSchemaUrl(long)
	scope.Scope().SetName(long)
	scope.Scope().SetVersion(long)
	manyAttributes(scope.Scope().Attributes())
	span := scope.Spans().AppendEmpty()
	span.SetName(long)
	span.Status().SetMessage(long)
	span.TraceState().FromRaw(strings.Repeat("vendor=value,", 6_000))
	manyAttributes(span.Attributes())
	for range 300 {
		event := span.Events().AppendEmpty()
		event.SetName(long)
		event.Attributes().PutStr("exception.stacktrace", long)
		wide(event.Attributes(), 100)
		link := span.Links().AppendEmpty()
		link.TraceState().FromRaw(long)
		wide(link.Attributes(), 100)
	}
	manyAttributes(span.Events().At(0).Attributes())
	manyAttributes(span.Links().At(0).Attributes())
	span.Events().At(299).SetName("exception")

	if report := Traces(traces); report.Changed == 0 || len(report.Refused) > 0 {
		t.Errorf("%+v", report)
	}
	checkAttributes(t, resource.Resource().Attributes(), ofResource)
	checkAttributes(t, scope.Scope().Attributes(), ofScope)
	checkAttributes(t, span.Attributes(), ofSpan)
	checkAttributes(t, span.Events().At(0).Attributes(), ofEvent)
	checkAttributes(t, span.Links().At(0).Attributes(), ofLink)
	name, _ := resource.Resource().Attributes().Get("service.name")
	texts := map[string]string{
		"name": span.Name(), "message": span.Status().Message(), "scope": scope.Scope().Name(), "service": name.Str(),
		"version": scope.Scope().Version(), "event": span.Events().At(0).Name(), "state": span.TraceState().AsRaw(),
	}
	for what, text := range texts {
		if text == "" || len(text) > maxText || !utf8.ValidString(text) {
			t.Errorf("%s has %d bytes", what, len(text))
		}
	}
	if strings.HasSuffix(texts["state"], ",") || !strings.HasSuffix(texts["state"], "=value") {
		t.Errorf("half a member: %s", texts["state"][len(texts["state"])-20:])
	}
	if route, found := span.Attributes().Get("http.route"); !found || route.Str() != "/last" {
		t.Error("what is important was left out")
	}
	if span.DroppedAttributesCount() == 0 || span.DroppedEventsCount() == 0 || span.DroppedLinksCount() == 0 {
		t.Error("the span does not say that something is missing")
	}
	marshaler := ptrace.ProtoMarshaler{}
	if size := marshaler.TracesSize(traces); size > 2<<20 {
		t.Errorf("%d bytes", size)
	}
}

func TestExceptionsAreKeptBehindManyEvents(t *testing.T) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	for range 1000 {
		span.Events().AppendEmpty().SetName("tick")
	}
	span.Events().AppendEmpty().SetName("exception")
	Traces(traces)
	if last := span.Events().At(span.Events().Len() - 1).Name(); last != "exception" {
		t.Errorf("the last event is %s", last)
	}
}

func TestEverythingOfARecordIsBounded(t *testing.T) {
	for name, fill := range fillers() {
		t.Run(name, func(t *testing.T) {
			logs := plog.NewLogs()
			resource := logs.ResourceLogs().AppendEmpty()
			manyAttributes(resource.Resource().Attributes())
			scope := resource.ScopeLogs().AppendEmpty()
			manyAttributes(scope.Scope().Attributes())
			record := scope.LogRecords().AppendEmpty()
			fill(record.Body())
			record.SetEventName(long)
			record.SetSeverityText(long)
			manyAttributes(record.Attributes())
			record.Attributes().PutStr("env", long)
			Logs(logs)
			checkAttributes(t, record.Attributes(), ofRecord)
			if env, _ := record.Attributes().Get("env"); len(env.Str()) > maxIdentity || env.Str() == "" {
				t.Errorf("env has %d bytes", len(env.Str()))
			}
			if text := record.Body().AsString(); len(text) > 6*maxBody || !utf8.ValidString(text) {
				t.Errorf("a line of %d bytes", len(text))
			}
			marshaler := plog.ProtoMarshaler{}
			if size := marshaler.LogsSize(logs); size > 1_000_000 {
				t.Errorf("%d bytes", size)
			}
		})
	}
}

// Loki takes 256 attributes of a line, makes one of each key of a nested map, and adds a few of its own.
func TestNestedKeysCount(t *testing.T) {
	logs := plog.NewLogs()
	resource := logs.ResourceLogs().AppendEmpty()
	scope := resource.ScopeLogs().AppendEmpty()
	record := scope.LogRecords().AppendEmpty()
	wide(resource.Resource().Attributes().PutEmptyMap("a"), 300)
	wide(scope.Scope().Attributes().PutEmptyMap("a"), 300)
	for i := range 40 {
		wide(record.Attributes().PutEmptyMap(fmt.Sprint(i)), 40)
	}
	Logs(logs)
	count := 0
	for _, attributes := range []pcommon.Map{resource.Resource().Attributes(), scope.Scope().Attributes(), record.Attributes()} {
		for _, value := range attributes.All() {
			count += value.Map().Len()
		}
	}
	if count > 240 || count < 150 {
		t.Errorf("%d attributes", count)
	}
}

func TestWhatFitsStaysAsItIs(t *testing.T) {
	traces := ptrace.NewTraces()
	resource := traces.ResourceSpans().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	span := resource.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetName("GET /€")
	span.TraceState().FromRaw("a=b,c=d")
	span.Attributes().PutStr("text", strings.Repeat("x", 8192))
	span.Attributes().PutDouble("number", 0.5)
	span.Attributes().PutEmptySlice("list").AppendEmpty().SetInt(1)
	span.Attributes().PutEmptyMap("map").PutBool("a", true)
	span.Events().AppendEmpty().Attributes().PutStr("exception.stacktrace", strings.Repeat("y", 16384))
	before := ptrace.NewTraces()
	traces.CopyTo(before)
	if report := Traces(traces); report.Changed != 0 {
		t.Errorf("%+v", report)
	}
	marshaler := ptrace.ProtoMarshaler{}
	want, _ := marshaler.MarshalTraces(before)
	if got, _ := marshaler.MarshalTraces(traces); !bytes.Equal(got, want) {
		t.Error("changed")
	}
}

// --- metrics ----------------------------------------------------------------------------------------------------------

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

// --- text -------------------------------------------------------------------------------------------------------------

func FuzzTextIsCutBetweenCharacters(f *testing.F) {
	f.Add("€€€", 4)
	f.Add("\xff\xff", 3)
	f.Add("a\xe2\x82", 2)
	f.Add("", 0)
	f.Fuzz(func(t *testing.T, text string, most int) {
		if most < 0 || most > 1<<20 {
			t.Skip()
		}
		short := Shorten(text, most)
		if len(short) > most || !utf8.ValidString(short) {
			t.Errorf("%q of %q", short, text)
		}
		if utf8.ValidString(text) && !strings.HasPrefix(text, short) {
			t.Errorf("%q is no beginning of %q", short, text)
		}
		if utf8.ValidString(text) && len(text) > most && len(short) < most-3 {
			t.Errorf("%q is shorter than it must be", short)
		}
		if Shorten(short, most) != short {
			t.Error("cut again")
		}
	})
}

// Whatever arrives: nothing panics, everything is bounded, and a second time changes nothing.
func FuzzTraces(f *testing.F) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.Attributes().PutStr("text", "€")
	span.Attributes().PutDouble("NaN", math.NaN())
	span.Attributes().PutEmptyMap("map").PutEmptySlice("list").AppendEmpty().SetInt(1)
	span.Events().AppendEmpty().Attributes().PutEmptyBytes("bytes").FromRaw([]byte{255})
	marshaler := ptrace.ProtoMarshaler{}
	seed, err := marshaler.MarshalTraces(traces)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		unmarshaler := ptrace.ProtoUnmarshaler{}
		traces, err := unmarshaler.UnmarshalTraces(data)
		if err != nil {
			t.Skip()
		}
		Traces(traces)
		for _, resource := range traces.ResourceSpans().All() {
			checkAttributes(t, resource.Resource().Attributes(), ofResource)
			for _, scope := range resource.ScopeSpans().All() {
				for _, span := range scope.Spans().All() {
					checkAttributes(t, span.Attributes(), ofSpan)
				}
			}
		}
		if again := Traces(traces); again.Changed != 0 {
			t.Errorf("changed again: %+v", again)
		}
	})
}

func FuzzMetrics(f *testing.F) {
	metrics := pmetric.NewMetrics()
	for _, add := range everyType {
		add(metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty(), at(0), 0)
	}
	marshaler := pmetric.ProtoMarshaler{}
	seed, err := marshaler.MarshalMetrics(metrics)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		unmarshaler := pmetric.ProtoUnmarshaler{}
		metrics, err := unmarshaler.UnmarshalMetrics(data)
		if err != nil {
			t.Skip()
		}
		points := metrics.DataPointCount()
		report := Metrics(metrics, now)
		for _, refused := range report.Refused {
			points -= refused
		}
		if points != metrics.DataPointCount() {
			t.Errorf("%d points are left, %d are not counted", metrics.DataPointCount(), points)
		}
		if again := Metrics(metrics, now); again.Changed != 0 || len(again.Refused) > 0 {
			t.Errorf("changed again: %+v", again)
		}
	})
}
