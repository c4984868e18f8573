package quartet

// Waiting returns how many waits for g are under way.
func (g *Group) Waiting() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.joined.waits)
}
