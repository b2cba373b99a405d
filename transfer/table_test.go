package transfer_test

import (
	"testing"
	"time"

	"gin-blog/models"
	"gin-blog/transfer"
)

// TestBatchesFitTheMachine: a fast store gets large batches, and a slow one gets small ones long before its timeout.
func TestBatchesFitTheMachine(t *testing.T) {
	limit := transfer.MinWrite
	for range 10 {
		limit = transfer.NextLimit(limit, time.Millisecond)
	}
	if limit != transfer.MaxWrite {
		t.Errorf("on a fast machine: %d, want %d", limit, transfer.MaxWrite)
	}
	if same := transfer.NextLimit(limit, models.CallTimeout/8); same != limit {
		t.Errorf("at a moderate speed: %d, want %d", same, limit)
	}
	for range 10 {
		limit = transfer.NextLimit(limit, models.CallTimeout/2)
	}
	if limit != transfer.MinWrite {
		t.Errorf("on a slow machine: %d, want %d", limit, transfer.MinWrite)
	}
}
