// Package natspool runs the calls of named functions on many machines, over NATS with JetStream. A
// [Pool] is a [quartet.Executor]: where calls are made. A [Node] is where they run: on any Executor
// of its process, a worker pool, a process pool or a loop.
//
//	pool, err := natspool.New(nc, natspool.Config{Name: "render"})                      // in the web server
//	node, err := natspool.Serve(ctx, nc, workers, natspool.NodeConfig{Name: "render"})  // on each machine
//
//	page, err := render.Do(ctx, pool, job)
//
// Calls wait in a stream of the server's. A node fetches one call for each free slot. If calls are
// short, it fetches up to eight milliseconds of work more. No node holds back more than that while
// another is idle. Nodes come and go; a pool needs to know none of them. Queueing, storage,
// replication and redelivery are JetStream's.
//
// # What happens when something breaks
//
// The pool alone decides which node starts a call: a node that has fetched a call asks it. So a
// call that the server delivers twice is still started once. If no node asks, the pool sends the
// call again.
//
//   - A node that dies: its started calls fail with [*NodeLostError] after Config.LostAfter. Others
//     run elsewhere. Functions that are [quartet.Idempotent] are started again, Config.Attempts
//     times in all.
//   - A node that is cut off and comes back in time: nothing is lost. It keeps results until the
//     pool has confirmed them, or was silent for ten times LostAfter.
//   - A pool that dies: its calls are cancelled LostAfter later, with cause [ErrCallerLost], and
//     leave the stream, unless it is Detached.
//   - The server restarts: nothing is lost. Calls in memory are sent again by their pools; with
//     [File] they are still there.
//   - The stream is full: submits wait, or are refused, as Config.Saturation says.
//   - No node has the function: [quartet.ErrNoBody]. While no node is there at all, calls wait.
//   - Programs of two versions side by side: a node that lacks the function, or cannot decode the
//     input, leaves the call to the others.
//
// Each process uses its own clock alone: no time of day is compared between machines.
//
// # Nested calls
//
// On a node [quartet.Current] is the cluster: a function's own calls go to any node, and while it
// awaits them its slot is lent. A node with one slot computes a recursive fan-out. In the workers
// of a process pool Current is that pool, on that machine.
//
// # Streams
//
// A function whose Out is an iter.Seq2 streams its result, as on every executor: at most 64 items
// or 1 MiB are on their way, and the function waits for the loop that reads them. It ends when that
// loop does. A broken connection loses no item and repeats none. If the node dies, the items that
// have arrived are yielded, and the last pair has a [*NodeLostError]; a stream of which a part has
// arrived is not started again, also where its function is Idempotent. An item is at most 16 MiB,
// and never in the object store. A Detached pool refuses streams.
//
// # Codec
//
// Inputs and outputs travel as JSON, or in the function's own codec; see [quartet.WithCodec].
// []byte and string travel unchanged. Both ends need the function's name, and types that JSON can
// carry from one to the other. A value that makes the message larger than the server allows goes
// through the server's object store, and is removed afterwards. Errors that both ends have
// registered keep their identity: see [RegisterError].
//
// # Names and permissions
//
// All names begin with Config.Name. Pools and nodes publish and subscribe to quartet.<name>.>,
// publish to $JS.API.STREAM.*.QUARTET_<name>, $JS.API.STREAM.MSG.*.QUARTET_<name>,
// $JS.API.CONSUMER.*.QUARTET_<name>.>, $JS.API.CONSUMER.MSG.NEXT.QUARTET_<name>.* and
// $JS.ACK.QUARTET_<name>.>, and subscribe to _INBOX.>. Large values need the same for the stream
// OBJ_QUARTET_<name>, $JS.API.DIRECT.GET.> and $O.QUARTET_<name>.>. Authentication, TLS,
// reconnection and the choice of servers are the connection's. Whoever may publish under the name
// may have any of the nodes' functions run.
//
// # In production
//
// One server is a single point of failure, though a short one: calls wait for it. For more, run
// three servers with Config.Replicas 3; each waiting call is then written three times. [File] keeps
// calls over a restart of all servers; with [Memory] the pools send theirs again. The limits of the
// account must allow one stream, two consumers for each version of the program, and Config.Backlog
// times the usual input of memory or file storage. Watch the consumer "any" of the stream:
// num_pending is how many calls wait, num_ack_pending how many nodes have asked for; and
// [Pool.Nodes]. Give each program a connection of its own for this, with nats.MaxReconnects(-1).
//
// # A job that outlives its caller
//
// Calls of a Detached pool go on when the pool is gone. A job is then an Idempotent function that
// stores its own result:
//
//	var invoice = quartet.Define("invoice", func(ctx context.Context, id int) (struct{}, error) {
//		return struct{}{}, store.PutIfAbsent(ctx, id, render(id)) // running twice does no harm
//	}, quartet.Idempotent())
//
//	jobs, err := natspool.New(nc, natspool.Config{Name: "billing", Detached: true, Storage: natspool.File})
//	invoice.Go(ctx, jobs, 17) // and the program may end
//
// It is started again when its node dies, Config.Attempts times in all, and its message stays in
// the stream until it has ended. There is no schedule, no back-off between attempts, no dead
// letters and no page to look at: River and asynq have these.
//
// # What it costs, and when not to use it
//
// A lone call is eight messages through the server and one write to the stream; where many are in
// flight, several share a message. It takes some three times as long as a NATS request and its
// reply. bench/RESULTS.md has figures. For work that one machine can do, use workerpool or
// procpool: a call there costs a hundredth. Where one service asks another, a plain NATS request
// costs less.
//
// Each node and each busy pool sends a message at every Heartbeat, and every pool and node receives
// those of all nodes. With more than a hundred nodes choose a longer Heartbeat.
package natspool
