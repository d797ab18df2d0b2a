package delivery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/signalfire/signalfire/servers/collector/limits"
	"github.com/signalfire/signalfire/servers/collector/refusals"
)

const (
	// From this attempt on it is asked whether the store takes anything at all.
	patience = 4
	// A batch that was tried this often while others were taken is stuck.
	stuckAfter = 10
	// How many requests one batch may be taken apart into. What is refused after that is dropped in larger parts.
	mostRequests = 1000
	// Bytes of a store's answer in a log line.
	maxAnswer = 1024
)

// A courier brings the batches of one signal to one store.
type courier[T comparable] struct {
	kind[T]
	largest int // bytes of a request with several items; 0: any
	send    func(context.Context, T) error
	counter *refusals.Counter
	logger  *zap.Logger

	mu        sync.Mutex
	tries     map[T]try // of the batches that wait for another attempt
	delivered time.Time // when the store last took something
}

type try struct {
	attempts int
	since    time.Time
}

// deliver is called again with what is left of a batch, after a while, until it returns nil.
//
// It goes out in requests of a bounded size. An item that alone is larger is sent alone: the store says whether it fits.
//
// What the store refuses for good is found by halving the batch and dropped alone. An answer that could also mean that
// the store is unwell (Jaeger gives the same for both) counts as that until the store has taken something else meanwhile.
func (c *courier[T]) deliver(ctx context.Context, batch T) error {
	this := c.begin(batch)
	c.counter.Report(ctx, c.limit(batch))

	proven := false // that the store takes something
	parts := []T{batch}
	for requests := 1; len(parts) > 0; requests++ {
		part := parts[0]
		items := c.count(part)
		if items == 0 {
			parts = parts[1:]
			continue
		}
		if items > 1 && c.largest > 0 && requests <= mostRequests && c.size(part) > c.largest {
			parts = append([]T{c.take(part, items/2), part}, parts[1:]...)
			continue
		}
		err := c.send(ctx, part)
		single := items == 1 || requests > mostRequests
		switch c.judge(ctx, part, err, this, single, proven) {
		case taken:
			c.took()
			proven, parts = true, parts[1:]
		case unwell:
			return c.later(parts, this, err)
		case refused:
			if single {
				c.drop(ctx, part, items, err)
				parts = parts[1:]
				continue
			}
			proven = true
			parts = append([]T{c.take(part, items/2), part}, parts[1:]...)
		}
	}
	return nil
}

type verdict int

const (
	taken verdict = iota
	unwell
	refused
)

// judge says what the answer to a part means.
func (c *courier[T]) judge(ctx context.Context, part T, err error, this try, single, proven bool) verdict {
	switch {
	case err == nil:
		return taken
	case isFault(err):
		return refused
	case isBusy(err) || this.attempts < patience || ctx.Err() != nil:
		return unwell
	case single:
		return c.insist(ctx, part, err)
	case proven || c.takesAnything(ctx, part, err):
		return refused
	}
	return unwell
}

// insist sends a part once more between two probes: a store that comes back right then must not cost what it had not
// been asked.
func (c *courier[T]) insist(ctx context.Context, part T, err error) verdict {
	if !c.takesAnything(ctx, part, err) {
		return unwell
	}
	if c.send(ctx, part) == nil {
		return taken
	}
	if !c.takesAnything(ctx, part, err) {
		return unwell
	}
	return refused
}

func (c *courier[T]) begin(batch T) try {
	c.mu.Lock()
	defer c.mu.Unlock()
	this, again := c.tries[batch]
	if !again {
		this.since = time.Now()
	}
	delete(c.tries, batch)
	this.attempts++
	return this
}

// later keeps what is left for another attempt.
func (c *courier[T]) later(parts []T, this try, err error) error {
	rest := parts[0]
	for _, part := range parts[1:] {
		c.join(rest, part)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries[rest] = this
	if consumererror.IsPermanent(err) {
		err = errors.New(err.Error()) // the collector would drop it
	}
	return c.failed(err, rest)
}

func (c *courier[T]) took() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delivered = time.Now()
}

// stuck counts the batches that are tried again and again while the store takes others.
func (c *courier[T]) stuck() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	count := 0
	for _, this := range c.tries {
		if this.attempts >= stuckAfter && c.delivered.After(this.since) {
			count++
		}
	}
	return count
}

func (c *courier[T]) takesAnything(ctx context.Context, part T, refusal error) bool {
	env := ""
	if value, found := c.first(part).Attributes().Get("env"); found {
		env = value.AsString()
	}
	text := fmt.Sprintf("%s %s were refused: %s", owner(c.first(part)), c.signal, answer(refusal))
	return c.send(ctx, c.probe(probe{env: env, text: text})) == nil
}

func (c *courier[T]) drop(ctx context.Context, part T, items int, err error) {
	c.counter.Refused(ctx, reason(err), items)
	c.logger.Warn(
		"The store refuses this for good: dropped",
		zap.Int("items", items), zap.String("service", owner(c.first(part))), zap.String("answer", answer(err)),
	)
}

// isFault: the store says that what it was sent is wrong.
func isFault(err error) bool {
	return consumererror.IsPermanent(err) && code(err) == codes.InvalidArgument
}

// isBusy: the store asks for patience, whatever else it takes.
func isBusy(err error) bool {
	return !consumererror.IsPermanent(err) && code(err) == codes.ResourceExhausted
}

func code(err error) codes.Code {
	found, _ := status.FromError(err)
	return found.Code()
}

// reason is the store's status as a label's value, such as invalid_argument.
func reason(err error) limits.Reason {
	var name strings.Builder
	for i, letter := range code(err).String() {
		if i > 0 && letter >= 'A' && letter <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(letter)
	}
	return limits.Reason(strings.ToLower(name.String()))
}

func answer(err error) string {
	return limits.Shorten(err.Error(), maxAnswer)
}
