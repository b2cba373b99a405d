package middleware

import (
	"fmt"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// GzipETagSuffix ends the ETag of a compressed answer, inside the quotes: a strong ETag names one representation
// (RFC 9110, section 8.8.3.3).
const GzipETagSuffix = "-gzip"

// Compress answers with gzip where the client accepts it and the answer is longer than 1 KiB, and not marked by Secret.
func Compress(next http.Handler) (http.Handler, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(1024+1),
		gzhttp.CompressionLevel(gzip.BestSpeed),
		gzhttp.EnableZstd(false),
		gzhttp.SuffixETag(GzipETagSuffix),
	)
	if err != nil {
		return nil, fmt.Errorf("set up compression: %w", err)
	}
	return wrap(next), nil
}
