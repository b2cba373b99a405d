package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// generatedSecretBytes is the number of random bytes in a generated secret.
const generatedSecretBytes = 64

// EnsureDataDir creates DATA_DIR if it does not exist, accessible to its owner only.
func (c *Config) EnsureDataDir() error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("DATA_DIR: %w", err)
	}
	return nil
}

// EnsureSecrets reads the secrets that are not set from files in DATA_DIR. It creates a file that does not exist.
// Processes that start at the same time agree on the secrets.
func (c *Config) EnsureSecrets() error {
	for _, secret := range []struct {
		value *string
		file  string
	}{{&c.SecretKey, "secret_key"}, {&c.RefreshSecret, "refresh_secret"}} {
		if *secret.value != "" {
			continue
		}
		value, err := keptSecret(filepath.Join(c.DataDir, secret.file))
		if err != nil {
			return err
		}
		*secret.value = value
	}
	if problems := c.checkSecrets(); len(problems) > 0 {
		return fmt.Errorf("settings and the secrets kept in %s: %s", c.DataDir, strings.Join(problems, "; "))
	}
	return nil
}

// keptSecret returns the secret in the file at path, and creates that file if it does not exist.
func keptSecret(path string) (string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(path); err != nil {
			return "", fmt.Errorf("DATA_DIR: %w", err)
		}
		content, err = os.ReadFile(path)
	}
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if len(secret) < minSecretBytes {
		return "", fmt.Errorf(
			"read secret: %s is damaged: it has fewer than %d bytes; "+
				"delete it to get a new one, which ends all sessions", path, minSecretBytes)
	}
	return secret, nil
}

// makeSecret writes a new secret to a temporary file and links that to path in one step, so that nobody ever reads half
// a secret. If another process was faster, its secret stays.
func makeSecret(path string) error {
	raw := make([]byte, generatedSecretBytes)
	rand.Read(raw) // never returns an error

	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("make secret: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(raw) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("make secret: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make secret: %w", err)
	}
	return nil
}
