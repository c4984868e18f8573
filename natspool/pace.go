package natspool

import (
	"runtime"
	"time"
)

// The figures belong together: a fetch must bring enough to last until the next one is answered.
const (
	// aheadWork is how much work a node fetches beyond its free slots. It is several times what a
	// fetch takes, so that one message brings several calls and no slot waits for it.
	aheadWork = 8 * time.Millisecond
	maxAhead  = 256
	// firstPace keeps a node from fetching ahead until it knows how long its calls take.
	firstPace = 100 * aheadWork
	// postWait is how long questions, results and acknowledgements wait for others to travel with,
	// while the slots have plenty to run: plentyWork, which lasts until new calls are there.
	postWait   = time.Millisecond
	plentyWork = 2 * time.Millisecond
)

// paceLocked: a call ran for d. It is a moving average of about eight calls, so that a node notices
// soon that calls have become longer.
func (n *Node) paceLocked(d time.Duration) { n.pace += (d - n.pace) / 8 }

// aheadLocked is how many calls the node fetches beyond its free slots. Where calls take long it is
// 0: such a call would wait here while another node could start it.
func (n *Node) aheadLocked() int {
	return int(min(time.Duration(n.cfg.Slots)*aheadWork/max(n.pace, time.Microsecond), maxAhead))
}

// plenty reports whether the calls that may start, and wait for a slot, keep all slots busy for
// plentyWork. Then no message is urgent, and several share one.
func (n *Node) plenty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.phase == serving && time.Duration(n.starts.waiting())*n.pace > time.Duration(n.cfg.Slots)*plentyWork
}

// nudge wakes post.
func (n *Node) nudge() {
	select {
	case n.nudged <- struct{}{}:
	default:
	}
}

// post sends the node's messages and asks for calls after each nudge, together with those of the
// next moment. While the slots have plenty to run, this moment lasts postWait.
func (n *Node) post(quit chan struct{}) {
	defer n.exited.Done()
	late := time.NewTimer(postWait)
	defer late.Stop()
	late.Stop()
	for waits := false; ; {
		select {
		case <-quit:
			n.sendAcks()
			n.out.flush()
			return
		case <-n.nudged:
			if n.plenty() {
				if !waits {
					late.Reset(postWait)
				}
				waits = true
				continue
			}
			late.Stop()
		case <-late.C:
		}
		waits = false
		// Handlers that are about to push get a chance to do so first.
		runtime.Gosched()
		n.sendAcks()
		n.out.flush()
		n.pull()
	}
}
