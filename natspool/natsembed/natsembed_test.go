package natsembed_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/quartet-go/quartet/natspool/natsembed"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store puts a message into a stream that is kept in files.
func store(t *testing.T, nc *nats.Conn) {
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	_, err = js.CreateStream(t.Context(),
		jetstream.StreamConfig{Name: "KEPT", Subjects: []string{"kept"}, Storage: jetstream.FileStorage})
	require.NoError(t, err)
	_, err = js.Publish(t.Context(), "kept", []byte("a message"))
	require.NoError(t, err)
}

func TestWithoutAnAddressNoOtherProcessReachesIt(t *testing.T) {
	srv, nc, err := natsembed.Start(natsembed.Config{})
	require.NoError(t, err)
	defer srv.Close()
	require.Empty(t, srv.URL())
	require.True(t, nc.IsConnected())
	require.EqualValues(t, 8<<20, nc.MaxPayload())
}

func TestOthersConnectByItsURL(t *testing.T) {
	srv, nc, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:0", MaxPayload: 1 << 20})
	require.NoError(t, err)
	defer srv.Close()
	other, err := nats.Connect(srv.URL())
	require.NoError(t, err)
	defer other.Close()
	require.EqualValues(t, 1<<20, other.MaxPayload())
	sub, err := nc.SubscribeSync("said")
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
	require.NoError(t, other.Publish("said", []byte("hello")))
	m, err := sub.NextMsg(10 * time.Second)
	require.NoError(t, err)
	require.Equal(t, "hello", string(m.Data))
}

func TestDirKeepsWhatIsStored(t *testing.T) {
	dir := t.TempDir()
	srv, nc, err := natsembed.Start(natsembed.Config{Dir: dir})
	require.NoError(t, err)
	store(t, nc)
	srv.Close()
	srv.Close() // again: nothing
	require.True(t, nc.IsClosed())

	srv, nc, err = natsembed.Start(natsembed.Config{Dir: dir})
	require.NoError(t, err)
	defer srv.Close()
	js, err := jetstream.New(nc)
	require.NoError(t, err)
	kept, err := js.Stream(t.Context(), "KEPT")
	require.NoError(t, err)
	require.EqualValues(t, 1, kept.CachedInfo().State.Msgs)
}

func TestCloseRemovesTheTemporaryDirectory(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp) // and on Windows:
	t.Setenv("TMP", temp)
	srv, nc, err := natsembed.Start(natsembed.Config{})
	require.NoError(t, err)
	store(t, nc)
	dirs, err := filepath.Glob(filepath.Join(temp, "natsembed*"))
	require.NoError(t, err)
	require.Len(t, dirs, 1)
	srv.Close()
	_, err = os.Stat(dirs[0])
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	_, _, err := natsembed.Start(natsembed.Config{Addr: "nowhere"})
	require.ErrorContains(t, err, "natsembed: Config.Addr: ")
	_, _, err = natsembed.Start(natsembed.Config{Addr: "127.0.0.1:http"})
	require.ErrorContains(t, err, "natsembed: Config.Addr: ")
	_, _, err = natsembed.Start(natsembed.Config{Options: func(o *server.Options) { o.MaxPayload = 1 << 30 }})
	require.ErrorContains(t, err, "natsembed: ")
}

func TestOptionsChangeTheServer(t *testing.T) {
	srv, nc, err := natsembed.Start(natsembed.Config{Options: func(o *server.Options) { o.ServerName = "mine" }})
	require.NoError(t, err)
	defer srv.Close()
	require.Equal(t, "mine", nc.ConnectedServerName())
}

func ExampleStart() {
	srv, nc, err := natsembed.Start(natsembed.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close() // the connection too
	other, err := nats.Connect(srv.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer other.Close()
	_, _ = other.Subscribe("hello", func(m *nats.Msg) { _ = m.Respond([]byte("hello, " + string(m.Data))) })
	_ = other.Flush()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := nc.RequestWithContext(ctx, "hello", []byte("world"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(answer.Data))
	// Output: hello, world
}
