package limits

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	maxBody        = 256 << 10 // bytes of a line: Loki cuts it there
	maxBodyEntries = 4096
)

// Logs bounds log records in their place.
func Logs(logs plog.Logs) Report {
	r := Report{labels: true}
	for _, resource := range logs.ResourceLogs().All() {
		r.resource(resource.Resource())
		r.text(resource.SchemaUrl(), maxName, resource.SetSchemaUrl)
		for _, scope := range resource.ScopeLogs().All() {
			r.scope(scope.Scope())
			r.text(scope.SchemaUrl(), maxName, scope.SetSchemaUrl)
			for _, record := range scope.LogRecords().All() {
				r.record(record)
			}
		}
	}
	return r
}

func (r *Report) record(record plog.LogRecord) {
	r.body(record.Body())
	r.text(record.SeverityText(), maxKey, record.SetSeverityText)
	r.text(record.EventName(), maxName, record.SetEventName)
	dropped := r.attributes(record.Attributes(), ofRecord)
	record.SetDroppedAttributesCount(record.DroppedAttributesCount() + uint32(dropped))
}

func (r *Report) body(body pcommon.Value) {
	left := budget{bytes: maxBody, entries: maxBodyEntries}
	if body.Type() == pcommon.ValueTypeSlice || body.Type() == pcommon.ValueTypeMap {
		r.nested(body, maxBody/4, 0, &left)
		return
	}
	r.value(body, maxBody, 0, &left)
}
