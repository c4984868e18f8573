package procpool

// warn logs what the user should know of, and no call's error says. No lock may be held. Who holds
// the pool's lock calls it by AfterLocked.
func (p *Pool) warn(msg string, args ...any) {
	p.in.Logger().Warn("procpool: "+msg, append([]any{"executor", p.Name()}, args...)...)
}
