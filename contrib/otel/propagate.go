package otel

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/quartet-go/quartet"
)

// Propagated is the name under which the trace context travels with calls that leave the process.
const Propagated = "otel"

// submittedField is the time of the submit in nanoseconds since 1970, beside the propagator's
// fields.
const submittedField = "quartet-submitted"

// longestQueue bounds what a caller may say of the time of its submit: the clocks of two machines
// differ.
const longestQueue = time.Hour

func init() { quartet.Propagate(Propagated, inject, extract) }

// inject returns the fields of the global propagator as JSON; nil, if it has none for ctx.
func inject(ctx context.Context) []byte {
	fields := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, fields)
	if len(fields) == 0 {
		return nil
	}
	fields[submittedField] = strconv.FormatInt(time.Now().UnixNano(), 10)
	text, _ := json.Marshal(fields) // strings: it cannot fail
	return text
}

// extract ignores a value that it cannot read: a trace is no reason to fail a call. The time of the
// submit is a hint: submittedElsewhere believes it only within bounds.
func extract(ctx context.Context, text []byte) context.Context {
	var fields propagation.MapCarrier
	if json.Unmarshal(text, &fields) != nil {
		return ctx
	}
	if nanos, err := strconv.ParseInt(fields[submittedField], 10, 64); err == nil {
		ctx = context.WithValue(ctx, submittedKey{}, time.Unix(0, nanos))
	}
	return otel.GetTextMapPropagator().Extract(ctx, fields)
}

type submittedKey struct{}

// submittedElsewhere returns when the call of ctx was submitted in another process.
func submittedElsewhere(ctx context.Context) (at time.Time, ok bool) {
	at, ok = ctx.Value(submittedKey{}).(time.Time)
	wait := time.Since(at)
	return at, ok && wait >= 0 && wait < longestQueue
}

// arrived returns ctx for the function of the call: the tasks that it submits here have times of
// their own. Otherwise each of them would seem to have been queued since the call was.
func arrived(ctx context.Context) context.Context {
	if ctx.Value(submittedKey{}) == nil {
		return ctx
	}
	return context.WithValue(ctx, submittedKey{}, nil)
}
