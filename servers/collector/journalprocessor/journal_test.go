package journalprocessor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
)

var storageID = component.MustNewIDWithName("file_storage", "test")

// A collector's host with the real file storage in a folder.
type host struct {
	extensions map[component.ID]component.Component
}

func (h host) GetExtensions() map[component.ID]component.Component { return h.extensions }

func hostWithStorage(t *testing.T, folder string) host {
	t.Helper()
	factory := filestorage.NewFactory()
	config := factory.CreateDefaultConfig().(*filestorage.Config)
	config.Directory = folder
	storage, err := factory.Create(context.Background(), extensiontest.NewNopSettings(factory.Type()), config)
	if err != nil {
		t.Fatal(err)
	}
	return host{map[component.ID]component.Component{storageID: storage}}
}

func defaults() *Config {
	config := createDefaultConfig().(*Config)
	config.Storage = storageID
	return config
}

// start runs a journal on the folder. The test ends it, or leaves it as a crash would (see crash).
func start(t *testing.T, folder string, config *Config, next consumer.Traces) *journal {
	t.Helper()
	j := unstarted(t, config, next)
	if err := j.Start(context.Background(), hostWithStorage(t, folder)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Shutdown(context.Background()) })
	return j
}

func unstarted(t *testing.T, config *Config, next consumer.Traces) *journal {
	t.Helper()
	j, err := newJournal(processortest.NewNopSettings(NewFactory().Type()), config, next)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// crash frees the file for the next journal. A killed process does not even close it, which changes nothing on disk.
func crash(t *testing.T, j *journal) {
	t.Helper()
	j.stop()
	j.running.Wait()
	if err := j.client.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func batch(names ...string) ptrace.Traces {
	traces := ptrace.NewTraces()
	spans := traces.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for _, name := range names {
		spans.AppendEmpty().SetName(name)
	}
	return traces
}

func send(t *testing.T, j *journal, names ...string) {
	t.Helper()
	if err := j.ConsumeTraces(context.Background(), batch(names...)); err != nil {
		t.Fatal(err)
	}
}

func names(sink *consumertest.TracesSink) []string {
	var found []string
	for _, traces := range sink.AllTraces() {
		spans := traces.ResourceSpans().At(0).ScopeSpans().At(0).Spans()
		for i := range spans.Len() {
			found = append(found, spans.At(i).Name())
		}
	}
	return found
}

func expect(t *testing.T, sink *consumertest.TracesSink, want ...string) {
	t.Helper()
	if got := names(sink); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("passed on: %v, want %v", got, want)
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("does not become true")
}

func TestPassesOnWhatItGets(t *testing.T) {
	sink := new(consumertest.TracesSink)
	j := start(t, t.TempDir(), defaults(), sink)
	send(t, j, "a", "b")
	send(t, j, "c")
	expect(t, sink, "a", "b", "c")
}

func TestReplaysAfterACrashInTheirOrder(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder, defaults(), new(consumertest.TracesSink))
	for i := range 20 {
		send(t, first, fmt.Sprint(i))
	}
	crash(t, first)

	// A second crash, right after the start, must not lose them either.
	for range 2 {
		sink := new(consumertest.TracesSink)
		next := start(t, folder, defaults(), sink)
		eventually(t, func() bool { return sink.SpanCount() == 20 })
		expect(t, sink, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17", "18", "19")
		crash(t, next)
	}
}

func TestReplaysOldAndNewAfterTwoCrashes(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder, defaults(), new(consumertest.TracesSink))
	send(t, first, "old")
	crash(t, first)
	second := start(t, folder, defaults(), new(consumertest.TracesSink))
	send(t, second, "new")
	crash(t, second)

	sink := new(consumertest.TracesSink)
	start(t, folder, defaults(), sink)
	eventually(t, func() bool { return sink.SpanCount() == 2 })
	expect(t, sink, "old", "new")
}

func TestForgetsWhatIsPastItsTime(t *testing.T) {
	folder := t.TempDir()
	config := defaults()
	first := start(t, folder, config, new(consumertest.TracesSink))
	for i := range 3 * sweepBatch / 2 { // more than one transaction
		send(t, first, fmt.Sprint("old ", i))
	}
	if err := first.sweep(context.Background(), time.Now().Add(config.Retain)); err != nil {
		t.Fatal(err)
	}
	if size := first.size(); size != 0 {
		t.Errorf("%d bytes are still counted", size)
	}
	send(t, first, "young")
	crash(t, first)

	sink := new(consumertest.TracesSink)
	start(t, folder, config, sink)
	eventually(t, func() bool { return sink.SpanCount() > 0 })
	expect(t, sink, "young")
}

func TestKeepsWhatIsYoungerThanItsTime(t *testing.T) {
	j := start(t, t.TempDir(), defaults(), new(consumertest.TracesSink))
	send(t, j, "young")
	size := j.size()
	if err := j.sweep(context.Background(), time.Now().Add(j.config.Retain-time.Second)); err != nil {
		t.Fatal(err)
	}
	if j.size() != size || size == 0 {
		t.Errorf("%d of %d bytes are left", j.size(), size)
	}
}

func TestReplayedBatchesAreKeptForTheFullTimeAgain(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder, defaults(), new(consumertest.TracesSink))
	send(t, first, "a")
	crash(t, first)

	sink := new(consumertest.TracesSink)
	second := start(t, folder, defaults(), sink)
	eventually(t, func() bool { return sink.SpanCount() == 1 })
	if err := second.sweep(context.Background(), time.Now().Add(second.config.Retain-time.Second)); err != nil {
		t.Fatal(err)
	}
	if second.size() == 0 {
		t.Error("a replayed batch was forgotten before the sampler could decide on it")
	}
}

func TestRefusesWhatDoesNotFit(t *testing.T) {
	config := defaults()
	config.MaxBytes = 100
	sink := new(consumertest.TracesSink)
	j := start(t, t.TempDir(), config, sink)
	send(t, j, "fits")
	err := j.ConsumeTraces(context.Background(), batch(string(make([]byte, 100))))
	if !errors.Is(err, errFull) {
		t.Errorf("error: %v, want %v", err, errFull)
	}
	expect(t, sink, "fits")
	if err := j.sweep(context.Background(), time.Now().Add(config.Retain)); err != nil {
		t.Fatal(err)
	}
	send(t, j, "fits again")
}

func TestRefusesBeforeItIsStarted(t *testing.T) {
	j := unstarted(t, defaults(), new(consumertest.TracesSink))
	if err := j.ConsumeTraces(context.Background(), batch("early")); !errors.Is(err, errNotStarted) {
		t.Errorf("error: %v, want %v", err, errNotStarted)
	}
	if err := j.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestAcknowledgesNothingThatItCannotWrite(t *testing.T) {
	sink := new(consumertest.TracesSink)
	j := start(t, t.TempDir(), defaults(), sink)
	if err := j.client.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := j.ConsumeTraces(context.Background(), batch("lost")); err == nil {
		t.Error("acknowledged")
	}
	expect(t, sink)
}

func TestADamagedBatchDoesNotHoldUpTheOthers(t *testing.T) {
	folder := t.TempDir()
	first := start(t, folder, defaults(), new(consumertest.TracesSink))
	send(t, first, "a")
	send(t, first, "b")
	if err := first.client.Set(context.Background(), key(0), []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	crash(t, first)
	sink := new(consumertest.TracesSink)
	start(t, folder, defaults(), sink)
	eventually(t, func() bool { return sink.SpanCount() == 1 })
	expect(t, sink, "b")
}

func TestErrorsNameTheStorage(t *testing.T) {
	config := defaults()
	config.Storage = component.MustNewID("missing")
	j := unstarted(t, config, new(consumertest.TracesSink))
	err := j.Start(context.Background(), hostWithStorage(t, t.TempDir()))
	if err == nil || err.Error() != `the journal's storage "missing" is not among service::extensions` {
		t.Error(err)
	}
}

func TestValidate(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"no storage":   func(c *Config) { c.Storage = component.ID{} },
		"no retention": func(c *Config) { c.Retain = 0 },
		"no space":     func(c *Config) { c.MaxBytes = 0 },
	} {
		config := defaults()
		change(config)
		if config.Validate() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := defaults().Validate(); err != nil {
		t.Error(err)
	}
}
