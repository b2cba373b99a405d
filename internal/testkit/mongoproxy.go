package testkit

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// MongoProxy forwards connections to the MongoDB server of the tests. A test can cut, hang or slow them, and drop a
// reply.
type MongoProxy struct {
	t       *testing.T
	address string // for clients
	server  string

	mu       sync.Mutex
	listener net.Listener // nil while connections are refused
	conns    map[net.Conn]bool
	changed  *sync.Cond // of hung; uses mu
	hung     bool
	delay    time.Duration // before each message

	drop     string            // the name of the command whose next reply is dropped, or ""
	repeated string            // the name of the command that the client will repeat, or ""
	dropped  int               // replies
	received map[string][]byte // the last message of each command
	commands []string          // the names of all since Commands
	closed   int               // cursors

	held  string        // the name of the command whose replies come late, or ""
	holds time.Duration // how late

	refused string // the name of the command that gets an error, or ""
	code    int    // of the error

	edit func(reply []byte) // or nil
}

// NewMongoProxy returns a proxy to the MongoDB server of the tests. It refuses connections until Listen.
func NewMongoProxy(t *testing.T) *MongoProxy {
	t.Helper()
	server := strings.TrimPrefix(MongoURI(t), "mongodb://")
	if !regexp.MustCompile(`^[^/@,]+:\d+/?$`).MatchString(server) {
		Skip(t, "MONGO_TEST_URI is not one plain address")
	}
	m := &MongoProxy{
		t: t, address: FreeAddress(t), server: strings.TrimSuffix(server, "/"), conns: map[net.Conn]bool{},
		received: map[string][]byte{},
	}
	m.changed = sync.NewCond(&m.mu)
	t.Cleanup(m.Cut)
	return m
}

// URI returns the address for clients.
func (m *MongoProxy) URI() string { return "mongodb://" + m.address + "/?directConnection=true" }

// Listen lets clients connect.
func (m *MongoProxy) Listen() {
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
			c := &mongoConn{client: client, server: server}
			go m.forward(server, client, m.inspectRequest, c)
			go m.forward(client, server, m.inspectReply, c)
		}
	}()
}

// mongoConn is a connection of a client to the server.
type mongoConn struct {
	client, server net.Conn
	// The ids of the requests whose reply is dropped or comes late, or 0. MongoProxy.mu guards them.
	drop, held uint32
}

// inspection looks at a message and returns whether to pass it on, and how late.
type inspection func(c *mongoConn, message []byte) (pass bool, late time.Duration)

// forward passes on the messages from one end to the other until inspect says no. Then it closes both ends.
func (m *MongoProxy) forward(to, from net.Conn, inspect inspection, c *mongoConn) {
	defer to.Close()
	defer from.Close()
	for {
		message, err := readMessage(from)
		if err != nil {
			return
		}
		m.mu.Lock()
		for m.hung {
			m.changed.Wait()
		}
		pass, late := inspect(c, message)
		late += m.delay
		refusal := m.refusal(message)
		m.mu.Unlock()
		if refusal != nil {
			if _, err := from.Write(refusal); err != nil {
				return
			}
			continue
		}
		time.Sleep(late)
		if !pass {
			return
		}
		if _, err := to.Write(message); err != nil {
			return
		}
	}
}

// readMessage reads one message of the wire protocol. It starts with its length.
func readMessage(from io.Reader) ([]byte, error) {
	message := make([]byte, 16)
	if _, err := io.ReadFull(from, message); err != nil {
		return nil, err
	}
	rest := make([]byte, max(0, int(binary.LittleEndian.Uint32(message))-len(message)))
	_, err := io.ReadFull(from, rest)
	return append(message, rest...), err
}

// inspectRequest marks the request whose reply is to be dropped. It gives the repetition of that request another
// number, so that the server does not recognize it.
func (m *MongoProxy) inspectRequest(c *mongoConn, message []byte) (pass bool, late time.Duration) {
	command := commandName(message)
	m.received[command] = bytes.Clone(message)
	if command != "" && !strings.EqualFold(command, "hello") && !strings.EqualFold(command, "isMaster") {
		m.commands = append(m.commands, command)
	}
	if command == "killCursors" {
		m.closed++
	}
	if command != "" && command == m.held {
		c.held = binary.LittleEndian.Uint32(message[4:])
	}
	switch command {
	case "":
	case m.drop:
		c.drop = binary.LittleEndian.Uint32(message[4:])
		m.drop, m.repeated = "", command
	case m.repeated:
		m.repeated = ""
		if _, number, ok := bytes.Cut(message, []byte("\x12txnNumber\x00")); ok {
			binary.LittleEndian.PutUint64(number, binary.LittleEndian.Uint64(number)+1)
		}
	}
	return true, 0
}

// inspectReply finds the replies that are to be dropped or to come late.
func (m *MongoProxy) inspectReply(c *mongoConn, message []byte) (pass bool, late time.Duration) {
	if m.edit != nil {
		m.edit(message)
	}
	switch request := binary.LittleEndian.Uint32(message[8:]); request {
	case 0:
	case c.drop:
		m.dropped++
		return false, 0
	case c.held:
		return true, m.holds
	}
	return true, 0
}

// commandName returns the first key of the document in an OP_MSG, or "".
func commandName(message []byte) string {
	const opMsg = 2013
	if len(message) < bodyOffset || binary.LittleEndian.Uint32(message[12:]) != opMsg {
		return ""
	}
	first, err := bson.Raw(message[bodyOffset:]).IndexErr(0)
	if err != nil {
		return ""
	}
	return first.Key()
}

// bodyOffset is where the document of an OP_MSG starts: after the header, the flags and the type of the section.
const bodyOffset = 16 + 4 + 1

// DropReply lets the server carry out the next command of this name, and then breaks the connection, so that the
// client gets no answer. If the client repeats the command, the server does not know that it is a repetition.
func (m *MongoProxy) DropReply(command string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop = command
}

// HoldReplies lets the replies to commands of this name come late, until HoldReplies("", 0).
func (m *MongoProxy) HoldReplies(command string, late time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held, m.holds = command, late
}

// Refuse answers commands of this name with an error of the server, until Refuse("", 0).
func (m *MongoProxy) Refuse(command string, code int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused, m.code = command, code
}

// refusal returns the error that is the answer to a message, or nil.
func (m *MongoProxy) refusal(message []byte) []byte {
	command := commandName(message)
	if command == "" || command != m.refused {
		return nil
	}
	body, err := bson.Marshal(object("ok", 0.0, "code", m.code, "errmsg", "refused"))
	if err != nil {
		m.t.Error(err)
	}
	answer := make([]byte, bodyOffset, bodyOffset+len(body)) // without flags, and of the first type of section
	binary.LittleEndian.PutUint32(answer, uint32(bodyOffset+len(body)))
	copy(answer[8:12], message[4:8])  // it answers this request
	copy(answer[12:16], message[12:]) // also an OP_MSG
	return append(answer, body...)
}

// Edit lets a function change the bytes of every reply.
func (m *MongoProxy) Edit(edit func(reply []byte)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.edit = edit
}

// Dropped returns how many replies DropReply has dropped.
func (m *MongoProxy) Dropped() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.dropped
}

// Received returns the last command of this name that has arrived, or nil.
func (m *MongoProxy) Received(command string) bson.Raw {
	m.mu.Lock()
	defer m.mu.Unlock()
	if message, ok := m.received[command]; ok {
		return message[bodyOffset:]
	}
	return nil
}

// Commands returns the names of the commands that have arrived since the last call, without those that look for the
// server.
func (m *MongoProxy) Commands() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	commands := m.commands
	m.commands = nil
	return commands
}

// ClosedCursors returns how many cursors the clients have closed.
func (m *MongoProxy) ClosedCursors() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// Cut refuses new connections and closes all others.
func (m *MongoProxy) Cut() {
	m.Hang(false)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.listener != nil {
		syscall.ForkLock.RLock() // see isFree
		m.listener.Close()
		syscall.ForkLock.RUnlock()
	}
	m.listener = nil
	for conn := range m.conns {
		conn.Close()
		delete(m.conns, conn)
	}
}

// Hang holds back everything that is sent, until Hang(false).
func (m *MongoProxy) Hang(hung bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hung = hung
	m.changed.Broadcast()
}

// Slow delays every message.
func (m *MongoProxy) Slow(delay time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay = delay
}
