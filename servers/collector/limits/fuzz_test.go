package limits

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

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
