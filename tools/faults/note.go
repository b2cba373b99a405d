package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// note is one line that a writer writes about a post. The line is on the disk before the writer goes on.
type note struct {
	Title string `json:"title"`
	Event event  `json:"event"`
	ID    string `json:"id,omitempty"`    // of an acknowledged post
	Fault string `json:"fault,omitempty"` // of an unanswered one: the latest fault of the program
	// Read is true if the server had read the whole request, although it did not answer.
	Read    bool   `json:"read,omitempty"`
	Answer  string `json:"answer,omitempty"`  // the wrong answer
	Retries bool   `json:"retries,omitempty"` // the writer sends each post until it is acknowledged
}

type event string

const (
	sending      event = "sending"      // the post is about to be sent
	acknowledged event = "acknowledged" // the answer was 201
	unavailable  event = "unavailable"  // the answer was 503
	unanswered   event = "unanswered"   // the connection broke
	wrong        event = "wrong"        // there was another answer, or none in time
)

// notebook is the file with the notes of one writer.
type notebook struct{ file *os.File }

func openNotebook(path string) (notebook, error) {
	f, err := os.Create(path)
	return notebook{f}, err
}

// add appends a note and waits until it is on the disk.
func (b notebook) add(n note) error {
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

// readNotes returns the notes in the file of one writer.
func readNotes(path string) (notes []note, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := json.NewDecoder(f); ; {
		var n note
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
