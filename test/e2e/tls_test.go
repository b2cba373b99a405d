package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// writeCertificate writes a new certificate for blog.example and its key to a directory.
func writeCertificate(t *testing.T, dir string, serial int64) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "blog.example"}, DNSNames: []string{"blog.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, blockType string, content []byte) string {
		path := filepath.Join(dir, name)
		block := &pem.Block{Type: blockType, Bytes: content}
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", secret)
}

// serial makes a handshake and returns the serial number of the server's certificate.
func (p *process) serial(config *tls.Config) (int64, error) {
	config.InsecureSkipVerify = true
	conn, err := tls.Dial("tcp", "127.0.0.1:"+p.port, config)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := writeCertificate(t, dir, 1)
	p := start(t, dir, "TLS_CERT="+cert, "TLS_KEY="+key)

	for _, http2 := range []bool{false, true} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: http2}
		answer, err := transport.RoundTrip(p.newGet("/healthz"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		hsts := answer.Header.Get("Strict-Transport-Security")
		if answer.StatusCode != 200 || hsts != "max-age=31536000; includeSubDomains" || (answer.ProtoMajor == 2) != http2 {
			t.Errorf("%s %s, Strict-Transport-Security %q", answer.Proto, answer.Status, hsts)
		}
		transport.CloseIdleConnections()
	}
	if _, err := p.serial(&tls.Config{MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	if _, err := p.serial(&tls.Config{MaxVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("TLS 1.2: %v", err)
	}
	settings := []string{"PORT=" + p.port, "TLS_CERT=" + cert, "TLS_KEY=" + key}
	if out, err := command(t.TempDir(), settings, "healthcheck").CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v: %s", err, out)
	}

	shows := func(want int64) func() bool {
		return func() bool { got, err := p.serial(&tls.Config{}); return err == nil && got == want }
	}
	writeCertificate(t, dir, 2)
	if !shows(1)() {
		t.Error("the new certificate is shown before SIGHUP")
	}
	p.signal(syscall.SIGHUP)
	eventually(t, 5*time.Second, "the new certificate is shown", shows(2))
	if err := os.WriteFile(key, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	eventually(t, 5*time.Second, "the damaged one is logged", func() bool {
		return strings.Contains(p.logged(), "the certificate was not reloaded")
	})
	if !shows(2)() {
		t.Error("the certificate before does not stay")
	}

	if err := errors.Join(os.Remove(cert), syscall.Mkfifo(cert, 0o600)); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	eventually(t, 5*time.Second, "the pipe is refused", func() bool {
		return strings.Contains(p.logged(), "cert.pem is no regular file")
	})
	second := command(t.TempDir(), []string{"PORT=0", "TLS_CERT=" + cert, "TLS_KEY=" + key})
	if out, err := second.CombinedOutput(); err == nil || !strings.Contains(string(out), "TLS_CERT and TLS_KEY") {
		t.Errorf("a start with a pipe for a certificate: %v: %s", err, out)
	}
	if err := p.stop(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v, want exit 0", err)
	}
}

// TestNoHSTSWithoutTLS: without TLS, browsers must not be told to use it.
func TestNoHSTSWithoutTLS(t *testing.T) {
	t.Parallel()
	p := start(t, t.TempDir())
	header := p.call("GET", "/healthz", "", "", 200, nil)
	if hsts := header.Get("Strict-Transport-Security"); hsts != "" {
		t.Errorf("Strict-Transport-Security is %q", hsts)
	}
}
