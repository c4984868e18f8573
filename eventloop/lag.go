package eventloop

import "time"

// lagProbe measures how long posts wait, without a reading of the clock for each. It notes a moment
// since which posts have been waiting. They have been called when the next batch that is taken has
// been called.
//
// A clock reading for each post would cost as much as the post. So the probe follows one batch:
// since is a time at which its posts were waiting, and taken says that the turn has the batch. The
// last of them has been called at the end of the posted phase.
type lagProbe struct {
	since time.Duration // 0: none is measured
	taken bool          // the batch has been taken
}

// findLagLocked begins a measurement where posts wait. The watchdog's question was asked at asked
// and is answered now. The rest of the first batch after a park has waited since the loop woke, any
// other post at least since asked. At most one batch is measured at a time, since begins only at 0.
func (t *turn) findLagLocked(l *Loop, asked time.Duration) {
	first := t.woke != 0 && t.phase == postedPhase
	if first && t.posted.size > 0 {
		l.health.lag.Observe(t.clock - t.woke)
	}
	if t.lag.since == 0 && (l.inbox.full.Load() || !first && t.posted.size > 0) {
		t.lag = lagProbe{since: asked}
	}
}

// noteLag ends the measurement, if there is one.
func (t *turn) noteLag(l *Loop, now time.Duration) {
	if t.lag.since != 0 {
		l.health.lag.Observe(now - t.lag.since)
		t.lag = lagProbe{}
	}
}
