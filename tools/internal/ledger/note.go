// Package ledger writes posts to a running gin-blog while it fails, notes what was acknowledged, and compares that with
// what is there.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Note is one line that a writer writes about a post. The line is on the disk before the writer goes on.
type Note struct {
	Title string `json:"title"`
	Event Event  `json:"event"`
	ID    string `json:"id,omitempty"`    // of an acknowledged post or draft
	Fault string `json:"fault,omitempty"` // of an unanswered one: the latest fault of the program
	// Read is true if the server had read the whole request, although it did not answer.
	Read    bool   `json:"read,omitempty"`
	Answer  string `json:"answer,omitempty"`  // the wrong answer
	Retries bool   `json:"retries,omitempty"` // the writer sends each post until it is acknowledged
	Due     bool   `json:"due,omitempty"`     // the draft is to become a post by itself before the end
}

// Event is what happened to a post.
type Event string

const (
	Sending      Event = "sending"      // the post, or the draft that it is at first, is about to be sent
	Drafted      Event = "drafted"      // the draft was answered with 201
	Acknowledged Event = "acknowledged" // the answer was 201
	Unavailable  Event = "unavailable"  // the answer was 503
	Unanswered   Event = "unanswered"   // the connection broke, or a proxy said so
	Wrong        Event = "wrong"        // there was another answer, or none in time
)

// Notebook is the file with the notes of one writer.
type Notebook struct{ file *os.File }

// OpenNotebook makes an empty notebook.
func OpenNotebook(path string) (Notebook, error) {
	f, err := os.Create(path)
	return Notebook{f}, err
}

// Add appends a note and waits until it is on the disk.
func (b Notebook) Add(n Note) error {
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write a note: %w", err)
	}
	if err := b.file.Sync(); err != nil {
		return fmt.Errorf("sync a note: %w", err)
	}
	return nil
}

// Close closes the file.
func (b Notebook) Close() error { return b.file.Close() }

// ReadNotes returns the notes in the file of one writer.
func ReadNotes(path string) (notes []Note, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := json.NewDecoder(f); ; {
		var n Note
		err := lines.Decode(&n)
		if errors.Is(err, io.EOF) {
			return notes, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		notes = append(notes, n)
	}
}
