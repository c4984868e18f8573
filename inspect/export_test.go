package inspect

// Expire is what the timer calls that switches the observers off.
func (p *Page) Expire() { p.expire() }
