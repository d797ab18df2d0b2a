package limits

import "go.opentelemetry.io/collector/pdata/pcommon"

// How much the attributes of one thing may hold.
type bounds struct {
	entries int // keys, those of nested maps among them
	value   int // bytes of one value
	total   int // bytes of all keys and values
}

// Together they stay below what a store takes of one item: 256 attributes and 1 MB of a line in Loki, and the 9 MB of one
// transaction in Jaeger's database, which holds each value of a span twice.
var (
	ofResource = bounds{entries: 64, value: 8 << 10, total: 64 << 10}
	ofScope    = bounds{entries: 16, value: 4 << 10, total: 16 << 10}
	ofSpan     = bounds{entries: 128, value: 8 << 10, total: 256 << 10}
	ofEvent    = bounds{entries: 64, value: 16 << 10, total: 64 << 10}
	ofLink     = bounds{entries: 32, value: 1 << 10, total: 4 << 10}
	ofRecord   = bounds{entries: 128, value: 8 << 10, total: 256 << 10}
	ofPoint    = bounds{entries: 64, value: 1 << 10, total: 16 << 10}
	ofExemplar = bounds{entries: 16, value: 256, total: 2 << 10}
)

// What is kept before all else: by these keys data is told apart, found and judged.
var important = map[string]bool{
	"service.name": true, "service": true, "env": true, "level": true, "correlation_id": true, "error.type": true,
	"http.route": true, "http.request.method": true, "http.response.status_code": true, "exception.type": true,
	"exception.message": true, "deployment.environment.name": true, "service.version": true, "telemetry.sdk.name": true,
}

// Beside what the other attributes may hold, so that these find room in any order.
var forImportant = budget{entries: 16, bytes: 32 << 10}

// attributes bounds them and says how many were left out.
func (r *Report) attributes(attributes pcommon.Map, most bounds) (dropped int) {
	r.keys(attributes)
	ordinary, extra := budget{bytes: most.total, entries: most.entries}, forImportant
	attributes.RemoveIf(func(key string, value pcommon.Value) bool {
		left := &ordinary
		if important[key] {
			left = &extra
		}
		if left.entries <= 0 || left.bytes <= 0 {
			dropped++
			return true
		}
		left.entries--
		left.bytes -= len(key) + elementCost + r.attribute(key, value, most.value, left)
		return false
	})
	r.Changed += dropped
	return dropped
}

func (r *Report) attribute(key string, value pcommon.Value, most int, left *budget) int {
	if !identities[key] {
		return r.value(value, min(most, left.bytes), 0, left)
	}
	if value.Type() == pcommon.ValueTypeMap || value.Type() == pcommon.ValueTypeSlice {
		r.value(value, maxIdentity, 0, left)
		value.SetStr(value.AsString())
	}
	return r.value(value, maxIdentity, 0, left)
}
