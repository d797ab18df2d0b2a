package limits

import (
	"math"
	"strings"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const (
	// Bytes of a name (of a span, event, scope, metric) and of a key.
	maxName = 1024
	maxKey  = 256
	// Bytes of what tells data apart in every store: it is part of each key of Jaeger's index and a label in Loki.
	maxIdentity = 256
	// Bytes of a list or a map. It is stored as JSON, which can be six times as long.
	maxNested = 8 << 10
	// How deep lists and maps may be nested.
	maxDepth = 16
	// What one element costs of the bytes of its list or map, beside its content.
	elementCost = 8
)

const tooDeep = "…"

var identities = map[string]bool{"service.name": true, "service": true, "env": true, "level": true}

// Shorten makes the text valid UTF-8 of at most `most` bytes, cut between characters.
func Shorten(text string, most int) string {
	text = cut(text, most)
	if utf8.ValidString(text) {
		return text
	}
	return cut(strings.ToValidUTF8(text, string(utf8.RuneError)), most)
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	end := most
	for end > max(0, most-utf8.UTFMax) && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// text bounds a text in its place.
func (r *Report) text(text string, most int, set func(string)) {
	if short := Shorten(text, most); short != text {
		r.Changed++
		set(short)
	}
}

// What is left for the attributes of one thing.
type budget struct {
	bytes   int
	entries int // keys, those of nested maps among them: Loki makes an attribute of each
}

// value bounds a value and says how many bytes it has then. `most` bounds a text.
func (r *Report) value(value pcommon.Value, most, depth int, left *budget) int {
	switch value.Type() {
	case pcommon.ValueTypeStr:
		r.text(value.Str(), most, value.SetStr)
		return len(value.Str())
	case pcommon.ValueTypeBytes:
		most = min(most, maxNested)
		if value.Bytes().Len() > most {
			r.Changed++
			value.Bytes().FromRaw(value.Bytes().AsRaw()[:most])
		}
		return value.Bytes().Len()
	case pcommon.ValueTypeDouble:
		r.finite(value)
	case pcommon.ValueTypeSlice, pcommon.ValueTypeMap:
		return r.nested(value, min(most, maxNested), depth, left)
	}
	return elementCost
}

// finite replaces what JSON, in which Jaeger answers, has no number for, as OpenTelemetry writes it outside of OTLP.
func (r *Report) finite(value pcommon.Value) {
	number := value.Double()
	switch {
	case math.IsNaN(number):
		value.SetStr("NaN")
	case math.IsInf(number, 1):
		value.SetStr("Infinity")
	case math.IsInf(number, -1):
		value.SetStr("-Infinity")
	default:
		return
	}
	r.Changed++
}

// nested bounds a list or a map of at most `most` bytes. Elements that do not fit are left out.
func (r *Report) nested(value pcommon.Value, most, depth int, left *budget) int {
	if depth >= maxDepth {
		r.Changed++
		value.SetStr(tooDeep)
		return len(tooDeep)
	}
	rest := most
	keep := func(key int, element pcommon.Value) bool {
		rest -= elementCost + key
		if rest <= 0 {
			r.Changed++
			return false
		}
		rest -= r.value(element, rest, depth+1, left)
		return true
	}
	if value.Type() == pcommon.ValueTypeSlice {
		value.Slice().RemoveIf(func(element pcommon.Value) bool { return !keep(0, element) })
		return most - max(rest, 0)
	}
	r.keys(value.Map())
	value.Map().RemoveIf(func(key string, element pcommon.Value) bool {
		if left.entries <= 0 {
			r.Changed++
			return true
		}
		left.entries--
		return !keep(len(key), element)
	})
	return most - max(rest, 0)
}

// keys gives every attribute a key that is not too long, and takes away those without one.
func (r *Report) keys(attributes pcommon.Map) {
	const mostRenamed = 128
	var unfit []string
	for key := range attributes.All() {
		if r.unfit(key) {
			unfit = append(unfit, key)
		}
	}
	if len(unfit) == 0 {
		return
	}
	r.Changed += len(unfit)
	for _, key := range unfit[:min(len(unfit), mostRenamed)] {
		value, found := attributes.Get(key)
		short := r.fitting(key)
		if _, taken := attributes.Get(short); !found || taken || key == "" {
			continue
		}
		moved := pcommon.NewValueEmpty()
		value.MoveTo(moved)
		moved.MoveTo(attributes.PutEmpty(short))
	}
	attributes.RemoveIf(func(key string, _ pcommon.Value) bool { return r.unfit(key) })
}

func (r *Report) unfit(key string) bool {
	return key == "" || len(key) > maxKey || !utf8.ValidString(key) || r.labels && !hasName(key)
}

func (r *Report) fitting(key string) string {
	if r.labels && !hasName(key) {
		key = "key_" + key
	}
	return Shorten(key, maxKey)
}

// hasName is true if Prometheus and Loki can make a name of it.
func hasName(key string) bool {
	for i := range len(key) {
		if letter := key[i] | 0x20; letter >= 'a' && letter <= 'z' || key[i] >= '0' && key[i] <= '9' {
			return true
		}
	}
	return false
}
