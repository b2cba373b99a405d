package e2e

import (
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/internal/testkit"
)

// mongoProxy forwards connections to a MongoDB server. A test can cut, hang or slow them.
type mongoProxy struct {
	t       *testing.T
	address string // for clients
	server  string

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	conns    map[net.Conn]bool
	changed  *sync.Cond // of hung; uses mu
	hung     bool
	delay    time.Duration // before each chunk
}

// newMongoProxy returns a proxy to the MongoDB server of the tests. It refuses connections until listen.
func newMongoProxy(t *testing.T) *mongoProxy {
	t.Helper()
	server := strings.TrimPrefix(testkit.MongoURI(t), "mongodb://")
	if !regexp.MustCompile(`^[^/@,]+:\d+/?$`).MatchString(server) {
		t.Skip("MONGO_TEST_URI is not one plain address")
	}
	m := &mongoProxy{
		t: t, address: testkit.FreeAddress(t), server: strings.TrimSuffix(server, "/"), conns: map[net.Conn]bool{},
	}
	m.changed = sync.NewCond(&m.mu)
	t.Cleanup(m.cut)
	return m
}

// settings returns the settings for an empty database behind the proxy.
func (m *mongoProxy) settings() []string {
	m.t.Helper()
	return []string{
		"MONGO_URI=mongodb://" + m.address + "/?directConnection=true", "MONGO_DB=" + testkit.Database(m.t).Name(),
	}
}

// listen lets clients connect.
func (m *mongoProxy) listen() {
	m.t.Helper()
	listener, err := net.Listen("tcp", m.address)
	if err != nil {
		m.t.Fatal(err)
	}
	m.mu.Lock()
	m.listener = listener
	m.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", m.server)
			if err != nil {
				client.Close()
				continue
			}
			m.mu.Lock()
			m.conns[client], m.conns[server] = true, true
			m.mu.Unlock()
			go m.forward(server, client)
			go m.forward(client, server)
		}
	}()
}

// forward copies what one end sends to the other.
func (m *mongoProxy) forward(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		m.mu.Lock()
		for m.hung {
			m.changed.Wait()
		}
		delay := m.delay
		m.mu.Unlock()
		time.Sleep(delay)
		if _, werr := to.Write(buffer[:n]); err != nil || werr != nil {
			return
		}
	}
}

// cut refuses new connections and closes all others.
func (m *mongoProxy) cut() {
	m.hang(false)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener != nil {
		m.listener.Close()
	}
	m.listener = nil
	for conn := range m.conns {
		conn.Close()
		delete(m.conns, conn)
	}
}

// hang holds back everything that is sent, until hang(false).
func (m *mongoProxy) hang(hung bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hung = hung
	m.changed.Broadcast()
}

// slow delays every chunk that is sent.
func (m *mongoProxy) slow(delay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = delay
}
