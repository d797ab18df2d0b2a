package limits

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
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
	if size := marshaler.TracesSize(traces); size >= 1<<20 {
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

func TestLinksAreBoundedTogether(t *testing.T) {
	traces := ptrace.NewTraces()
	span := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	for range maxLinks {
		wide(span.Links().AppendEmpty().Attributes(), 300)
		span.Links().At(span.Links().Len()-1).Attributes().PutStr("text", long)
	}
	Traces(traces)
	marshaler := ptrace.ProtoMarshaler{}
	if size := marshaler.TracesSize(traces); size > 2*maxOfLinks || span.DroppedLinksCount() == 0 {
		t.Errorf("%d bytes", size)
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
