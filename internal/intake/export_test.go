package intake

import "github.com/quartet-go/quartet/internal/task"

// Visited returns how many nodes have been looked at by walks along a list.
func (in *Intake) Visited() (n int) {
	in.Lock()
	defer in.Unlock()
	for _, l := range []*task.List{&in.queues[0], &in.queues[1], &in.queues[2], &in.held, &in.started, &in.waiting} {
		n += l.Visited()
	}
	return n
}
