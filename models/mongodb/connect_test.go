package mongodb_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
)

// How a nameServer answers.
const (
	staysSilent = iota
	knowsNoName
	knowsTheCluster
)

// nameServer is the DNS of a test. It knows that the cluster cluster.blog.test is one server at an address.
type nameServer struct {
	address netip.AddrPort
	mode    atomic.Int32
}

// nameServerAddress is where all look-ups go, or nil for where they usually go.
var nameServerAddress atomic.Pointer[string]

func init() { // before the first look-up, so that no goroutine of the driver sees the change
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if own := nameServerAddress.Load(); own != nil {
				network, address = "udp", *own
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
}

// newNameServer makes all look-ups of the test ask a new nameServer.
func newNameServer(t *testing.T, knows netip.AddrPort, mode int32) *nameServer {
	t.Helper()
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{address: knows}
	s.mode.Store(mode)
	go s.serve(listener)
	address := listener.LocalAddr().String()
	nameServerAddress.Store(&address)
	t.Cleanup(func() { nameServerAddress.Store(nil); listener.Close() })
	return s
}

func (s *nameServer) serve(listener net.PacketConn) {
	buffer := make([]byte, 1500)
	for {
		n, client, err := listener.ReadFrom(buffer)
		if err != nil {
			return
		}
		var message dnsmessage.Message
		if message.Unpack(buffer[:n]) != nil || s.mode.Load() == staysSilent {
			continue
		}
		message.Response, message.Additionals = true, nil
		if body := s.answer(message.Questions[0]); body == nil {
			message.RCode = dnsmessage.RCodeNameError
		} else {
			header := dnsmessage.ResourceHeader{Name: message.Questions[0].Name, Class: dnsmessage.ClassINET}
			message.Answers = []dnsmessage.Resource{{Header: header, Body: body}}
		}
		answer, err := message.Pack()
		if err == nil {
			_, _ = listener.WriteTo(answer, client)
		}
	}
}

func (s *nameServer) answer(q dnsmessage.Question) dnsmessage.ResourceBody {
	name := strings.ToLower(q.Name.String())
	switch {
	case s.mode.Load() != knowsTheCluster:
	case q.Type == dnsmessage.TypeSRV && name == "_mongodb._tcp.cluster.blog.test.":
		return &dnsmessage.SRVResource{Port: s.address.Port(), Target: dnsmessage.MustNewName("db.blog.test.")}
	case q.Type == dnsmessage.TypeA && name == "db.blog.test.":
		return &dnsmessage.AResource{A: s.address.Addr().As4()}
	}
	return nil
}

// testServer returns the address of the MongoDB server of the tests.
func testServer(t *testing.T) netip.AddrPort {
	t.Helper()
	uri, err := url.Parse(testkit.MongoURI(t))
	if err != nil {
		t.Fatal(err)
	}
	address, err := netip.ParseAddrPort(uri.Host)
	if err != nil || !address.Addr().Is4() {
		testkit.Skip(t, "MONGO_TEST_URI is not one IPv4 address")
	}
	return address
}

const clusterURI = "mongodb+srv://cluster.blog.test/?tls=false"

// TestNameThatIsUnknownAtFirst: a store opens although the DNS does not know the name of its servers, and is there soon
// after the DNS does.
func TestNameThatIsUnknownAtFirst(t *testing.T) {
	db := testkit.Database(t)
	names := newNameServer(t, testServer(t), knowsNoName)
	store, err := mongodb.Open(clusterURI, db.Name(), slog.New(slog.NewTextHandler(t.Output(), nil)), nil)
	if err != nil {
		t.Fatalf("open: %v, want a store that waits for the name", err)
	}
	t.Cleanup(func() { _ = store.Close(context.WithoutCancel(t.Context())) })
	if err := store.Ping(t.Context()); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("ping: got %v, want ErrUnavailable", err)
	}
	if _, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 1}); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("list: got %v, want ErrUnavailable", err)
	}
	names.mode.Store(knowsTheCluster)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if err = store.Ping(t.Context()); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the name is known: %v", err)
		}
	}
	if _, err := store.CreatePost(t.Context(), newPost(models.NewID()), nil); err != nil {
		t.Errorf("create post: %v", err)
	}
}

// TestSilentDNS: a store opens and closes in time while the DNS does not answer.
func TestSilentDNS(t *testing.T) {
	newNameServer(t, netip.AddrPort{}, staysSilent)
	start := time.Now()
	store, err := mongodb.Open(clusterURI, "blog", slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("ping: got %v, want ErrUnavailable", err)
	}
	if err := store.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(start); took > models.CallTimeout+time.Second {
		t.Errorf("took %v", took)
	}
	if err := store.Ping(t.Context()); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("ping after close: got %v, want ErrUnavailable", err)
	}
}
