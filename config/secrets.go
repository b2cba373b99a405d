package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gin-blog/internal/files"
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

// EnsureSecrets is ReadSecrets, and makes those that are missing. Processes that start at the same time agree on the
// secrets. It returns the paths of those that it made.
func (c *Config) EnsureSecrets() (made []string, err error) {
	if err := c.ReadSecrets(); err != nil { // before one of them is made
		return nil, err
	}
	for _, secret := range c.secrets() {
		if *secret.value != "" {
			continue
		}
		err := files.Make(secret.path, func(f *os.File) error {
			raw := make([]byte, generatedSecretBytes)
			rand.Read(raw) // never returns an error
			_, err := f.WriteString(hex.EncodeToString(raw) + "\n")
			return err
		})
		if errors.Is(err, fs.ErrExist) { // another process was faster
			continue
		}
		if err != nil {
			return made, fmt.Errorf("DATA_DIR: make secret: %w", err)
		}
		made = append(made, secret.path)
	}
	return made, c.ReadSecrets()
}

// ReadSecrets reads the secrets that are not set from their files in DATA_DIR. Those that have no file stay empty.
func (c *Config) ReadSecrets() error {
	for _, secret := range c.secrets() {
		if *secret.value != "" {
			continue
		}
		content, err := files.Read(secret.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("DATA_DIR: read secret: %w", err)
		}
		*secret.value = strings.TrimSpace(string(content))
		if len(*secret.value) < minSecretBytes {
			return fmt.Errorf("DATA_DIR: read secret: %s is damaged: it has fewer than %d bytes; delete it to get a new "+
				"one, which ends all sessions", secret.path, minSecretBytes)
		}
	}
	if problems := c.checkSecrets(); len(problems) > 0 {
		return fmt.Errorf("settings and the secrets kept in %s: %s", c.DataDir, strings.Join(problems, "; "))
	}
	return nil
}

// KeepsSecrets returns whether DATA_DIR has a secret, of this start or of an earlier one.
func (c *Config) KeepsSecrets() bool {
	return slices.ContainsFunc(c.secrets(), func(s secret) bool {
		_, err := os.Lstat(s.path)
		return err == nil
	})
}

// secret is a setting that is kept in a file if it is not set.
type secret struct {
	name, path string
	value      *string
}

func (c *Config) secrets() []secret {
	return []secret{
		{"SECRET_KEY", filepath.Join(c.DataDir, "secret_key"), &c.SecretKey},
		{"REFRESH_SECRET", filepath.Join(c.DataDir, "refresh_secret"), &c.RefreshSecret},
	}
}
