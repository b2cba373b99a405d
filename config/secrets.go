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
	"time"
)

const (
	// generatedSecretBytes is the number of random bytes in a generated secret.
	generatedSecretBytes = 64
	// lockTimeout is how long to wait for another process that makes the same secret.
	lockTimeout = 2 * time.Second
)

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
		name  string
		value *string
		file  string
	}{
		{"SECRET_KEY", &c.SecretKey, "secret_key"},
		{"REFRESH_SECRET", &c.RefreshSecret, "refresh_secret"},
	} {
		if *secret.value != "" {
			continue
		}
		path := filepath.Join(c.DataDir, secret.file)
		value, err := keptSecret(path, os.Link)
		if err != nil {
			return err
		}
		*secret.value = value
		c.setSource(secret.name, path)
	}
	if problems := c.checkSecrets(); len(problems) > 0 {
		return fmt.Errorf("settings and the secrets kept in %s: %s", c.DataDir, strings.Join(problems, "; "))
	}
	return nil
}

// linkFunc makes a hard link, as os.Link does.
type linkFunc func(oldPath, newPath string) error

// keptSecret returns the secret in the file at path, and creates that file if it does not exist.
func keptSecret(path string, link linkFunc) (string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeSecret(path, link); err != nil {
			return "", fmt.Errorf("DATA_DIR: make secret: %w", err)
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

// makeSecret writes a new secret to a temporary file and gives that the name path in one step, so that nobody ever
// reads half a secret. If another process was faster, its secret stays.
func makeSecret(path string, link linkFunc) error {
	raw := make([]byte, generatedSecretBytes)
	rand.Read(raw) // never returns an error

	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(hex.EncodeToString(raw) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	err = link(f.Name(), path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return renameUnderLock(f.Name(), path) // exFAT and some network mounts have no links
}

// renameUnderLock renames a file to path, unless there is a file at path already. Other processes that do the same wait
// for each other, because a rename alone would replace the file of another.
func renameUnderLock(from, path string) error {
	lock := path + ".lock"
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(10 * time.Millisecond) {
		f, err := os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			defer os.Remove(lock)
			if err := f.Close(); err != nil {
				return err
			}
			break
		}
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s is there since a start that did not finish: delete it", lock)
		}
	}
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(from, path)
	}
	return err
}
