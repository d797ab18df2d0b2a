package limits

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	maxText       = 8 << 10 // bytes of a status message
	maxTraceState = 4 << 10
	maxEvents     = 128
	maxLinks      = 128
	// What an application records last is often why it failed.
	maxExceptions = 16
	// Bytes of all events and of all links. A span as a whole stays below 1 MiB, of which the queue makes its batches.
	maxOfEvents = 320 << 10
	maxOfLinks  = 48 << 10
)

// Traces bounds spans in their place.
func Traces(traces ptrace.Traces) Report {
	var r Report
	for _, resource := range traces.ResourceSpans().All() {
		r.resource(resource.Resource())
		r.text(resource.SchemaUrl(), maxName, resource.SetSchemaUrl)
		for _, scope := range resource.ScopeSpans().All() {
			r.scope(scope.Scope())
			r.text(scope.SchemaUrl(), maxName, scope.SetSchemaUrl)
			for _, span := range scope.Spans().All() {
				r.span(span)
			}
		}
	}
	return r
}

func (r *Report) resource(resource pcommon.Resource) {
	dropped := r.attributes(resource.Attributes(), ofResource)
	resource.SetDroppedAttributesCount(resource.DroppedAttributesCount() + uint32(dropped))
}

func (r *Report) scope(scope pcommon.InstrumentationScope) {
	r.text(scope.Name(), maxName, scope.SetName)
	r.text(scope.Version(), maxKey, scope.SetVersion)
	dropped := r.attributes(scope.Attributes(), ofScope)
	scope.SetDroppedAttributesCount(scope.DroppedAttributesCount() + uint32(dropped))
}

func (r *Report) span(span ptrace.Span) {
	r.text(span.Name(), maxName, span.SetName)
	r.text(span.Status().Message(), maxText, span.Status().SetMessage)
	r.traceState(span.TraceState())
	dropped := r.attributes(span.Attributes(), ofSpan)
	span.SetDroppedAttributesCount(span.DroppedAttributesCount() + uint32(dropped))
	r.events(span)
	r.links(span)
}

// traceState takes away the last members, whole: a part of one would be another system's nonsense.
func (r *Report) traceState(state pcommon.TraceState) {
	text := Shorten(state.AsRaw(), maxTraceState)
	if text == state.AsRaw() {
		return
	}
	r.Changed++
	state.FromRaw(text[:max(strings.LastIndexByte(text, ','), 0)])
}

func (r *Report) events(span ptrace.Span) {
	others, exceptions, bytes := maxEvents, maxExceptions, maxOfEvents
	dropped := 0
	span.Events().RemoveIf(func(event ptrace.SpanEvent) bool {
		left := &others
		if event.Name() == "exception" && others <= 0 {
			left = &exceptions
		}
		if *left <= 0 || bytes <= 0 {
			dropped++
			return true
		}
		*left--
		r.text(event.Name(), maxName, event.SetName)
		gone := r.attributes(event.Attributes(), ofEvent)
		event.SetDroppedAttributesCount(event.DroppedAttributesCount() + uint32(gone))
		bytes -= size(event.Attributes()) + len(event.Name()) + elementCost
		return false
	})
	r.Changed += dropped
	span.SetDroppedEventsCount(span.DroppedEventsCount() + uint32(dropped))
}

// size is about how many bytes attributes hold, after they were bounded.
func size(attributes pcommon.Map) int {
	bytes := 0
	for key, value := range attributes.All() {
		bytes += len(key) + elementCost
		switch value.Type() {
		case pcommon.ValueTypeStr:
			bytes += len(value.Str())
		case pcommon.ValueTypeBytes, pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
			bytes += maxNested
		}
	}
	return bytes
}

func (r *Report) links(span ptrace.Span) {
	dropped, kept, bytes := 0, 0, maxOfLinks
	span.Links().RemoveIf(func(link ptrace.SpanLink) bool {
		if kept >= maxLinks || bytes <= 0 {
			dropped++
			return true
		}
		kept++
		r.linkState(link)
		gone := r.attributes(link.Attributes(), ofLink)
		link.SetDroppedAttributesCount(link.DroppedAttributesCount() + uint32(gone))
		bytes -= size(link.Attributes()) + len(link.TraceState().AsRaw()) + 4*elementCost
		return false
	})
	r.Changed += dropped
	span.SetDroppedLinksCount(span.DroppedLinksCount() + uint32(dropped))
}

// linkState leaves a link no more than the specification says that everybody passes on.
func (r *Report) linkState(link ptrace.SpanLink) {
	const most = 512
	if len(link.TraceState().AsRaw()) > most {
		r.Changed++
		link.TraceState().FromRaw("")
		return
	}
	r.traceState(link.TraceState())
}
