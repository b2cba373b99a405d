package middleware

import (
	"fmt"
	"net/http"

	"github.com/klauspost/compress/gzhttp"
	"github.com/klauspost/compress/gzip"
)

// GzipETagSuffix ends the ETag of a compressed answer, inside of the quotes. A strong ETag identifies one
// representation, and the compressed one is another (RFC 9110, section 8.8.3.3).
const GzipETagSuffix = "-gzip"

// Compress compresses answers of more than 1 KiB if the client accepts gzip, except those marked by Secret.
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
