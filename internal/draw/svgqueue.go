package draw

import "fmt"

// queues draws the length of each queue as a stepped area, of at most two corners for each unit of
// width. The height is relative to the queue's own maximum, which is written beside it: two queues
// of one picture are not drawn to one scale. The area leaves a fifth of its height free at the top.
//
// The path goes back to the foot at the right edge, so that the area is closed also where tasks are
// queued at the end.
func (d *drawing) queues() {
	for i, q := range d.backlogs {
		foot := d.queueFoot[i]
		fmt.Fprintf(&d.b, `<path class="q-queued" d="M%v %v`, tenths(d.left*10), tenths(foot))
		last := 0
		for x, count := range q.columns(d.plan, d.plot) {
			// Only steps are written, so an hour of a steady queue is as short as a second.
			if count != last {
				// count is at most q.most, which is at least 1: see backlog.
				fmt.Fprintf(&d.b, "H%vV%v", tenths((d.left+x)*10), tenths(foot-count*svgQueue*8/q.most))
			}
			last = count
		}
		fmt.Fprintf(&d.b, `H%vV%vz"><title>%s: at most %d queued at once</title></path>`+"\n",
			tenths((d.left+d.plot)*10), tenths(foot), svgText(Clean(q.group)), q.most)
		name := "queue"
		if d.left == svgLeft {
			name = fmt.Sprintf("queue (max %d)", q.most)
			d.text("q-dim", "", 80, foot-40, clip(Clean(q.group), svgNames-2))
		}
		d.text("q-name", "end", d.left*10-80, foot-40, name)
	}
}
