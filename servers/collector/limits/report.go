// Package limits bounds everything in a span, a log record and a metric that can grow, so that every store can take it.
//
// A store refuses what is too large for it as a whole request, or for ever: badger, in which Jaeger keeps traces, takes no
// index key over 65,000 bytes, Loki no line with over 1 MB of attributes, and Prometheus refuses the points of every service
// in a request for the one whose time is wrong. What is bounded here is far below each of these limits, and is cut between
// characters; what no store can take at all is removed alone.
package limits

// Reason says why a single item was removed.
type Reason string

// The reasons of this package.
const (
	TooOld   Reason = "too_old"   // a metric point from before the time that Prometheus takes
	TooNew   Reason = "too_new"   // a metric point from the future
	TooLarge Reason = "too_large" // a metric point with more buckets than a metric can have
	Delta    Reason = "delta"     // a metric point that tells a difference, not a total
	NoName   Reason = "no_name"   // a point of a metric without a name that Prometheus has letters for
)

// OfMetrics are the reasons for which a metric point is removed.
var OfMetrics = []Reason{TooOld, TooNew, TooLarge, Delta, NoName}

// Report is what became of one batch.
type Report struct {
	// Changed counts the values that were cut, replaced or left out.
	Changed int
	// Refused counts the items that were removed whole.
	Refused map[Reason]int

	// The store makes labels of keys, whose names have other letters replaced by underscores and must have one left.
	labels bool
}

func (r *Report) refuse(reason Reason, items int) {
	if items == 0 {
		return
	}
	if r.Refused == nil {
		r.Refused = map[Reason]int{}
	}
	r.Refused[reason] += items
}
