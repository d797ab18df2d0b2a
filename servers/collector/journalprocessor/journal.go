package journalprocessor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor"
	"go.uber.org/zap"
)

const (
	// The number of the oldest batch still kept, under which the next start begins to read.
	oldestKey = "oldest"
	// How often batches past their time are deleted.
	sweepInterval = time.Second
	// How many of them are deleted in one transaction, so that a transaction stays short.
	sweepBatch = 100
)

var (
	errFull = errors.New("the journal of spans is full (max_bytes): try again later")
	// A receiver that serves several signals is started with the first of their pipelines.
	errNotStarted = errors.New("the journal of spans is not started yet: try again later")
)

// A kept batch, as far as memory needs to know it.
type kept struct {
	bytes int64
	until time.Time
}

// Batches are numbered without gaps and stored under their number. On disk are exactly the batches from `oldest` on.
type journal struct {
	config    *Config
	settings  processor.Settings
	next      consumer.Traces
	telemetry *telemetry

	stop    context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards everything below, and makes the order of the numbers that of the writes
	client storage.Client
	oldest uint64
	kept   []kept // of the batches oldest, oldest+1, …
	bytes  int64
}

func newJournal(settings processor.Settings, config *Config, next consumer.Traces) (*journal, error) {
	j := &journal{config: config, settings: settings, next: next}
	var err error
	j.telemetry, err = newTelemetry(settings.TelemetrySettings, j.size)
	return j, err
}

func (*journal) Capabilities() consumer.Capabilities {
	return consumer.Capabilities{MutatesData: false}
}

// ConsumeTraces returns nil, which is what acknowledges the batch to its sender, only once it is in the journal.
func (j *journal) ConsumeTraces(ctx context.Context, batch ptrace.Traces) error {
	marshaler := ptrace.ProtoMarshaler{}
	data, err := marshaler.MarshalTraces(batch)
	if err != nil {
		return fmt.Errorf("encoding spans for the journal: %w", err)
	}
	if err := j.write(ctx, data); err != nil {
		j.telemetry.refused.Add(ctx, int64(batch.SpanCount()))
		return err
	}
	return j.next.ConsumeTraces(ctx, batch)
}

func (j *journal) write(ctx context.Context, data []byte) error {
	size := int64(len(data))
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.client == nil {
		return errNotStarted
	}
	if j.bytes+size > j.config.MaxBytes {
		return errFull
	}
	if err := j.client.Set(ctx, key(j.oldest+uint64(len(j.kept))), data); err != nil {
		return fmt.Errorf("writing spans to the journal: %w", err)
	}
	j.kept = append(j.kept, kept{bytes: size, until: time.Now().Add(j.config.Retain)})
	j.bytes += size
	return nil
}

// Start reads what an earlier process left, passes it on in the background, and begins to delete what is past its time.
func (j *journal) Start(ctx context.Context, host component.Host) error {
	extension, found := host.GetExtensions()[j.config.Storage]
	if !found {
		return fmt.Errorf("the journal's storage %q is not among service::extensions", j.config.Storage)
	}
	store, ok := extension.(storage.Extension)
	if !ok {
		return fmt.Errorf("the journal's storage %q is not a storage extension", j.config.Storage)
	}
	client, err := store.GetClient(ctx, component.KindProcessor, j.settings.ID, "")
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	oldest, left, err := readBack(ctx, client)
	if err != nil {
		return errors.Join(fmt.Errorf("reading the journal: %w", err), client.Close(ctx))
	}
	j.open(client, oldest, left)

	background, stop := context.WithCancel(context.Background())
	j.stop = stop
	j.running.Go(func() {
		// Deletion waits for the replay: a batch must not go before it was passed on.
		j.replay(background, oldest, uint64(len(left)))
		j.sweepUntil(background)
	})
	return nil
}

// readBack finds the batches on disk: the number of the oldest, and how large each is.
func readBack(ctx context.Context, client storage.Client) (oldest uint64, left []kept, err error) {
	data, err := client.Get(ctx, oldestKey)
	if err != nil {
		return 0, nil, err
	}
	if len(data) == 8 {
		oldest = binary.BigEndian.Uint64(data)
	}
	for number := oldest; ; number++ {
		data, err := client.Get(ctx, key(number))
		if err != nil || data == nil {
			return oldest, left, err
		}
		left = append(left, kept{bytes: int64(len(data))})
	}
}

func (j *journal) open(client storage.Client, oldest uint64, left []kept) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.client, j.oldest, j.kept = client, oldest, left
	for _, batch := range left {
		j.bytes += batch.bytes
	}
}

// replay passes the first batches on. They are kept for the full time again, as the sampler's wait begins anew.
func (j *journal) replay(ctx context.Context, first, count uint64) {
	if count == 0 {
		return
	}
	spans := 0
	unmarshaler := ptrace.ProtoUnmarshaler{}
	for number := first; number < first+count && ctx.Err() == nil; number++ {
		data, err := j.client.Get(ctx, key(number))
		if err != nil {
			j.settings.Logger.Error("cannot read a batch of the journal", zap.Uint64("batch", number), zap.Error(err))
			continue
		}
		batch, err := unmarshaler.UnmarshalTraces(data)
		if err != nil {
			j.settings.Logger.Error("a batch of the journal is damaged", zap.Uint64("batch", number), zap.Error(err))
			continue
		}
		spans += batch.SpanCount() // before the batch is handed over, and may be changed
		if err := j.next.ConsumeTraces(ctx, batch); err != nil {
			j.settings.Logger.Error("a batch of the journal was refused", zap.Uint64("batch", number), zap.Error(err))
		}
	}
	j.mu.Lock()
	for i := range count {
		j.kept[i].until = time.Now().Add(j.config.Retain)
	}
	j.mu.Unlock()
	j.telemetry.replayed.Add(ctx, int64(spans))
	j.settings.Logger.Info("replayed the journal of spans", zap.Uint64("batches", count), zap.Int("spans", spans))
}

func (j *journal) sweepUntil(ctx context.Context) {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			if err := j.sweep(ctx, now); err != nil {
				j.settings.Logger.Error("cannot delete old batches from the journal", zap.Error(err))
			}
		}
	}
}

// sweep deletes the batches whose time has passed. What it cannot delete stays counted, and is tried again.
func (j *journal) sweep(ctx context.Context, now time.Time) error {
	for {
		more, err := j.sweepSome(ctx, now)
		if err != nil || !more {
			return err
		}
	}
}

func (j *journal) sweepSome(ctx context.Context, now time.Time) (more bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var bytes int64
	var operations []*storage.Operation
	for _, batch := range j.kept[:min(len(j.kept), sweepBatch)] {
		if batch.until.After(now) {
			break
		}
		operations = append(operations, storage.DeleteOperation(key(j.oldest+uint64(len(operations)))))
		bytes += batch.bytes
	}
	count := len(operations)
	if count == 0 {
		return false, nil
	}
	oldest := binary.BigEndian.AppendUint64(nil, j.oldest+uint64(count))
	if err := j.client.Batch(ctx, append(operations, storage.SetOperation(oldestKey, oldest))...); err != nil {
		return false, err
	}
	j.oldest += uint64(count)
	j.kept = append([]kept(nil), j.kept[count:]...) // a new slice, so that the old one's memory is freed
	j.bytes -= bytes
	return count == sweepBatch, nil
}

// Shutdown leaves the batches on disk: the components behind the journal stop after it, and may yet be killed.
func (j *journal) Shutdown(ctx context.Context) error {
	if j.stop == nil {
		return nil // never started
	}
	j.stop()
	j.running.Wait()
	return j.client.Close(ctx)
}

func (j *journal) size() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.bytes
}

func key(number uint64) string {
	return strconv.FormatUint(number, 10)
}
