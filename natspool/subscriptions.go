package natspool

import "github.com/nats-io/nats.go"

// subscriptions are the subjects that a pool or a node hears.
type subscriptions []*nats.Subscription

// listen subscribes to each subject. Messages of one subject come one after the other.
func (s *subscriptions) listen(nc *nats.Conn, handlers map[string]nats.MsgHandler) error {
	for subject, fn := range handlers {
		sub, err := nc.Subscribe(subject, fn)
		if err != nil {
			return err
		}
		*s = append(*s, sub)
		// Without limits: a message that the client drops would have to wait for a beat to be said
		// again.
		if err := sub.SetPendingLimits(-1, -1); err != nil {
			return err
		}
	}
	return nil
}

// drop ends the subscriptions.
func (s *subscriptions) drop() {
	for _, sub := range *s {
		_ = sub.Unsubscribe()
	}
}
