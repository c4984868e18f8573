package eventloop

import (
	"context"
	"io"
)

// Stream returns the connection as an io.ReadWriteCloser, for what works on one: bufio, io.Copy,
// encoding/json. Its reads and writes are Read and WriteWait with ctx, so they wait as ctx's model
// does. Give each task the stream of its own ctx. Close and CloseWrite are the connection's. The
// stream must not be used by a goroutine that the task starts, unless ctx is [quartet.Detach]'s.
func (c *Conn) Stream(ctx context.Context) io.ReadWriteCloser { return &stream{c, ctx} }

// An io.Reader has no ctx, so the stream carries the one of its task.
type stream struct {
	c   *Conn
	ctx context.Context
}

func (s *stream) Read(p []byte) (int, error)  { return s.c.Read(s.ctx, p) }
func (s *stream) Write(p []byte) (int, error) { return s.c.WriteWait(s.ctx, p) }

func (s *stream) Close() error {
	s.c.Close()
	return nil
}

func (s *stream) CloseWrite() error {
	s.c.CloseWrite()
	return nil
}
