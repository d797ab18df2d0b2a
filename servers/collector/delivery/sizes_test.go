package delivery

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/exporter/otlpexporter"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/signalfire/signalfire/servers/collector/limits"
)

const mebibyte = 1 << 20

func large(name string) string { return name + strings.Repeat("x", mebibyte) }

func TestALargeBatchGoesOutInSmallRequests(t *testing.T) {
	s := &store{answer: wrong, refuses: bad}
	c := to(t, s)
	c.largest = 250
	sizes := []int{}
	send := c.send
	c.send = func(ctx context.Context, traces ptrace.Traces) error {
		sizes = append(sizes, c.size(traces))
		return send(ctx, traces)
	}
	all := strings.Fields(strings.Repeat("a b c d e f g h ", 8))
	if err := attempts(c, spans(all...), 1); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken, all...)
	for _, size := range sizes {
		if size > 250 {
			t.Errorf("a request of %d bytes", size)
		}
	}
	if len(sizes) < 8 || len(sizes) > 40 {
		t.Errorf("%d requests", len(sizes))
	}
}

func TestAnItemLargerThanARequestIsSentAloneAndTakesNothingAlong(t *testing.T) {
	s := &store{answer: wrong, refuses: func(name string) bool { return len(name) > mebibyte }}
	c := to(t, s)
	c.limit = func(ptrace.Traces) limits.Report { return limits.Report{} } // a store takes less than the limits leave
	c.largest = mebibyte
	if err := attempts(c, spans("a", "b", large("c"), "d", "e"), 1); err != nil {
		t.Fatal(err)
	}
	expect(t, s.taken, "a", "b", "d", "e")
}

func TestAnOldQueuesLargeItemIsBoundedAndDelivered(t *testing.T) {
	s := &store{answer: wrong, refuses: func(name string) bool { return len(name) > mebibyte }}
	c := to(t, s)
	c.largest = mebibyte
	if err := attempts(c, spans("a", large("b"), "c"), 1); err != nil {
		t.Fatal(err)
	}
	if len(s.taken) != 3 || s.taken[0] != "a" || s.taken[2] != "c" {
		t.Errorf("taken: %d", len(s.taken))
	}
}

func TestTheQueueDropsNothingByItsSize(t *testing.T) {
	config := otlpexporter.NewFactory().CreateDefaultConfig().(*otlpexporter.Config)
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.Sizer = exporterhelper.RequestSizerTypeBytes
	queue.Batch = configoptional.Some(exporterhelper.BatchConfig{
		Sizer: exporterhelper.RequestSizerTypeBytes, MinSize: mebibyte / 4, MaxSize: mebibyte,
	})
	config.QueueConfig = configoptional.Some(queue)
	_, options, err := unwrap(component.Config(config))
	if err != nil {
		t.Fatal(err)
	}
	if got := options.queue.Get().Batch.Get(); got.MaxSize != 0 || got.MinSize != mebibyte/4 || options.largest != mebibyte {
		t.Errorf("%+v, %d", got, options.largest)
	}
	if config.QueueConfig.Get().Batch.Get().MaxSize != mebibyte {
		t.Error("the configuration itself was changed")
	}
}
