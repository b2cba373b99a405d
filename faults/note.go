package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// note is what a writer writes down about a post, on the disk before it goes on.
type note struct {
	Title string `json:"title"`
	Event event  `json:"event"`
	ID    string `json:"id,omitempty"`    // of an acknowledged post
	Fault string `json:"fault,omitempty"` // the latest of the program when an answer stayed out
	// Read says that the server had read a request that was not answered.
	Read    bool   `json:"read,omitempty"`
	Answer  string `json:"answer,omitempty"`  // that there should not have been
	Repeats bool   `json:"repeats,omitempty"` // whether the writer sends posts until they are acknowledged
}

type event string

const (
	sending      event = "sending"      // is about to be sent
	acknowledged event = "acknowledged" // 201
	unavailable  event = "unavailable"  // 503
	unanswered   event = "unanswered"   // the connection broke
	wrong        event = "wrong"        // any other answer
)

// notebook is the file of a writer.
type notebook struct{ file *os.File }

func openNotebook(path string) (notebook, error) {
	f, err := os.Create(path)
	return notebook{f}, err
}

func (b notebook) add(n note) error {
	line, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if _, err := b.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("take a note: %w", err)
	}
	if err := b.file.Sync(); err != nil {
		return fmt.Errorf("take a note: %w", err)
	}
	return nil
}

// readNotes reads a file back.
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
