package delivery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// A store that refuses items by their name. `answer` is what it says of a request with one that it does not take.
type store struct {
	answer   error
	refuses  func(name string) bool
	down     bool
	taken    []string
	probes   int
	requests int
}

var (
	wrong       = consumererror.NewPermanent(status.Error(codes.InvalidArgument, "out of bounds"))
	unavailable = status.Error(codes.Unavailable, "key size exceeded")
	failure     = consumererror.NewPermanent(status.Error(codes.Unknown, "status 500"))
	busy        = status.Error(codes.ResourceExhausted, "rate limited")
)

func (s *store) take(names []string) error {
	s.requests++
	if s.down {
		return status.Error(codes.Unavailable, "connection refused")
	}
	if slices.ContainsFunc(names, s.refuses) {
		return s.answer
	}
	for _, name := range names {
		if name == probeName {
			s.probes++
		} else {
			s.taken = append(s.taken, name)
		}
	}
	return nil
}

func bad(name string) bool { return len(name) > 3 && name[:3] == "bad" }

func names(traces ptrace.Traces) []string {
	var found []string
	for _, resource := range traces.ResourceSpans().All() {
		for _, scope := range resource.ScopeSpans().All() {
			for _, span := range scope.Spans().All() {
				found = append(found, span.Name())
			}
		}
	}
	return found
}

func spans(names ...string) ptrace.Traces {
	traces := ptrace.NewTraces()
	for i, name := range names { // two of each service
		if i%2 == 0 {
			traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
		}
		resource := traces.ResourceSpans().At(i / 2)
		resource.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", i/2))
		resource.ScopeSpans().At(0).Spans().AppendEmpty().SetName(name)
	}
	return traces
}

func to(t *testing.T, s *store) *courier[ptrace.Traces] {
	t.Helper()
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	c, err := newCourier(set, ofTraces, 0, func(_ context.Context, traces ptrace.Traces) error { return s.take(names(traces)) })
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// attempt delivers like the collector's retries: it goes on with what is left.
func attempt(c *courier[ptrace.Traces], batch ptrace.Traces) (ptrace.Traces, error) {
	err := c.deliver(context.Background(), batch)
	var left consumererror.Traces
	if errors.As(err, &left) {
		return left.Data(), err
	}
	return batch, err
}

func attempts(c *courier[ptrace.Traces], batch ptrace.Traces, most int) error {
	var err error
	for range most {
		if batch, err = attempt(c, batch); err == nil {
			return nil
		}
	}
	return err
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("taken: %v, want %v", got, want)
	}
}

func TestOneRequestForWhatIsTaken(t *testing.T) {
	s := &store{refuses: bad}
	if err := to(t, s).deliver(context.Background(), spans("a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken, "a", "b", "c")
	if s.requests != 1 {
		t.Errorf("%d requests", s.requests)
	}
}

func TestWhatIsWrongIsDroppedAloneAndAtOnce(t *testing.T) {
	s := &store{answer: wrong, refuses: bad}
	if err := to(t, s).deliver(context.Background(), spans("a", "bad1", "b", "c", "bad2", "d", "e")); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken, "a", "b", "c", "d", "e")
	if s.probes != 0 {
		t.Error("the store was asked although it had said what is wrong")
	}
}

func TestWhatIsRefusedWhileOthersAreTakenIsDroppedAlone(t *testing.T) {
	for name, answer := range map[string]error{"unavailable": unavailable, "internal": failure} {
		t.Run(name, func(t *testing.T) {
			s := &store{answer: answer, refuses: bad}
			if err := attempts(to(t, s), spans("a", "bad1", "b", "bad2", "c"), patience); err != nil {
				t.Fatal(err)
			}
			expect(t, s.taken, "a", "b", "c")
		})
	}
}

func TestABatchOfNothingButRefusedItemsGoesToo(t *testing.T) {
	s := &store{answer: unavailable, refuses: bad}
	if err := attempts(to(t, s), spans("bad1", "bad2", "bad3"), patience); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken)
}

func TestNothingIsDroppedWhileTheStoreIsDown(t *testing.T) {
	s := &store{down: true, refuses: bad}
	c := to(t, s)
	batch := spans("a", "b", "c")
	if err := attempts(c, batch, 50); err == nil {
		t.Fatal("delivered")
	}
	if s.requests > 2*50 {
		t.Errorf("%d requests to a store that is down", s.requests)
	}
	s.down = false
	if err := attempts(c, batch, 1); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken, "a", "b", "c")
}

// A store that goes and comes at any request loses nothing that it takes.
func TestNothingIsDroppedByAStoreThatComesAndGoes(t *testing.T) {
	for length := 1; length < 80; length++ {
		batch := []string{"a", "b", "c", "d"}[:1+length%4]
		s := &store{refuses: func(string) bool { return false }}
		set := exportertest.NewNopSettings(component.MustNewType("test"))
		c, err := newCourier(set, ofTraces, 0, func(_ context.Context, traces ptrace.Traces) error {
			s.down = s.requests < length
			return s.take(names(traces))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := attempts(c, spans(batch...), 100); err != nil {
			t.Fatal(err)
		}
		expect(t, s.taken, batch...)
	}
}

// The exporter takes status 500 for the end of a batch; a full disk is not.
func TestAStoreThatFailsAtEverythingKeepsItsBatch(t *testing.T) {
	s := &store{answer: failure, refuses: func(string) bool { return true }}
	err := attempts(to(t, s), spans("a", "b"), 20)
	if err == nil || consumererror.IsPermanent(err) {
		t.Errorf("the collector drops the batch: %v", err)
	}
}

func TestWhatIsThrottledIsNotDropped(t *testing.T) {
	s := &store{answer: busy, refuses: bad}
	c := to(t, s)
	if err := attempts(c, spans("bad"+"1"), 50); err == nil {
		t.Fatal("dropped")
	}
	if s.probes != 0 {
		t.Error("a store that asks for patience is asked more")
	}
}

func TestWhatIsLeftIsKeptWhenTheStoreGoes(t *testing.T) {
	s := &store{answer: wrong, refuses: bad}
	set := exportertest.NewNopSettings(component.MustNewType("test"))
	c, err := newCourier(set, ofTraces, 0, func(_ context.Context, traces ptrace.Traces) error {
		s.down = s.requests >= 2
		return s.take(names(traces))
	})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := attempt(c, spans("a", "b", "c", "bad1"))
	if err == nil || consumererror.IsPermanent(err) {
		t.Fatalf("the collector would drop what is left: %v", err)
	}
	expect(t, s.taken, "a", "b")
	if left := names(rest); !slices.Equal(left, []string{"c", "bad1"}) {
		t.Errorf("left: %v", left)
	}
}

func TestAHugeBatchOfWrongItemsTakesBoundedTime(t *testing.T) {
	s := &store{answer: wrong, refuses: bad}
	many := make([]string, 20_000)
	for i := range many {
		many[i] = "bad1"
	}
	if err := to(t, s).deliver(context.Background(), spans(many...)); err != nil {
		t.Fatal(err)
	}
	if s.requests > 2*mostRequests {
		t.Errorf("%d requests", s.requests)
	}
}

func TestABatchIsStuckWhileOthersPass(t *testing.T) {
	s := &store{answer: busy, refuses: bad}
	c := to(t, s)
	batch := spans("bad1")
	for range stuckAfter - 1 {
		batch, _ = attempt(c, batch)
	}
	if err := c.deliver(context.Background(), spans("a")); err != nil {
		t.Fatal(err)
	}
	if stuck := c.stuck(); stuck != 0 {
		t.Errorf("%d stuck after %d attempts", stuck, stuckAfter-1)
	}
	batch, _ = attempt(c, batch)
	if stuck := c.stuck(); stuck != 1 {
		t.Errorf("%d stuck, want 1", stuck)
	}
	s.refuses = func(string) bool { return false }
	if _, err := attempt(c, batch); err != nil {
		t.Fatal(err)
	}
	if stuck := c.stuck(); stuck != 0 || len(c.tries) != 0 {
		t.Errorf("%d stuck, %d remembered", stuck, len(c.tries))
	}
}

func TestNothingIsStuckWhereNothingPasses(t *testing.T) {
	s := &store{down: true, refuses: bad}
	c := to(t, s)
	_ = attempts(c, spans("a"), 2*stuckAfter)
	if stuck := c.stuck(); stuck != 0 {
		t.Errorf("%d stuck", stuck)
	}
}

func TestReasonsAreTheStoresStatus(t *testing.T) {
	for want, err := range map[string]error{
		"invalid_argument": wrong, "unavailable": unavailable, "unknown": errors.New("anything"),
		"resource_exhausted": busy,
	} {
		if got := string(reason(err)); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// --- taking apart -----------------------------------------------------------------------------------------------------

func TestLogsAreTakenApartWithoutLoss(t *testing.T) {
	for items := range 8 {
		logs := plog.NewLogs()
		for i := range 3 {
			resource := logs.ResourceLogs().AppendEmpty()
			resource.Resource().Attributes().PutInt("number", int64(i))
			for range 2 {
				resource.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr("line")
			}
		}
		taken := takeRecords(logs, items)
		if got := taken.LogRecordCount(); got != min(items, 6) {
			t.Errorf("took %d of %d", got, items)
		}
		ofLogs.join(taken, logs)
		if got := taken.LogRecordCount(); got != 6 {
			t.Errorf("%d records are left", got)
		}
	}
}

func everyType() pmetric.Metrics {
	metrics := pmetric.NewMetrics()
	now := pcommon.NewTimestampFromTime(time.Now())
	scope := metrics.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty()
	add := func(name string) pmetric.Metric {
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(name)
		return metric
	}
	cumulative := pmetric.AggregationTemporalityCumulative
	gauge := add("gauge").SetEmptyGauge().DataPoints()
	sum := add("sum").SetEmptySum()
	sum.SetAggregationTemporality(cumulative)
	sum.SetIsMonotonic(true)
	histogram := add("histogram").SetEmptyHistogram()
	histogram.SetAggregationTemporality(cumulative)
	exponential := add("exponential").SetEmptyExponentialHistogram()
	exponential.SetAggregationTemporality(cumulative)
	summary := add("summary").SetEmptySummary().DataPoints()
	for range 3 {
		gauge.AppendEmpty().SetTimestamp(now)
		sum.DataPoints().AppendEmpty().SetTimestamp(now)
		histogram.DataPoints().AppendEmpty().SetTimestamp(now)
		exponential.DataPoints().AppendEmpty().SetTimestamp(now)
		summary.AppendEmpty().SetTimestamp(now)
	}
	return metrics
}

func TestMetricsAreTakenApartWithoutLoss(t *testing.T) {
	const all = 15
	for items := range all + 1 {
		metrics := everyType()
		taken := takePoints(metrics, items)
		if got := taken.DataPointCount(); got != items {
			t.Errorf("took %d of %d", got, items)
		}
		if got := metrics.DataPointCount(); got != all-items {
			t.Errorf("left %d after %d", got, items)
		}
		ofMetrics.join(taken, metrics)
		report := ofMetrics.limit(taken)
		if len(report.Refused) != 0 || taken.DataPointCount() != all {
			t.Errorf("a metric is another after %d: %v", items, report.Refused)
		}
	}
}

func TestProbesAreWhatTheyAreFor(t *testing.T) {
	p := probe{env: "test", text: "why"}
	if got := probeSpan(p); got.SpanCount() != 1 {
		t.Error("no span")
	}
	if got := probeRecord(p); got.LogRecordCount() != 1 {
		t.Error("no record")
	}
	metrics := probePoint(p)
	if report := ofMetrics.limit(metrics); len(report.Refused) != 0 || metrics.DataPointCount() != 1 {
		t.Errorf("the probe is refused: %v", report)
	}
}
