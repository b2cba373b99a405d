module gin-blog

go 1.26.0

require (
	github.com/VictoriaMetrics/metricsql v0.87.3 // tests read the queries of alerts; Prometheus's own parser brings its server
	github.com/agnivade/levenshtein v1.2.2 // the nearest name to a misspelt setting or an unknown path
	github.com/alecthomas/chroma/v2 v2.27.0 // highlights code; tests write its lexers to a file
	github.com/brianvoe/gofakeit/v7 v7.18.1 // names and texts of seed
	github.com/chromedp/cdproto v0.160.3 // tests: what chromedp does not wrap
	github.com/chromedp/chromedp v0.23.1 // tests use the pages and /docs in a headless Chromium
	github.com/dlclark/regexp2/v2 v2.2.1 // chroma's expressions, whose time must be limited
	github.com/getkin/kin-openapi v0.153.0 // tests check every exchange against the OpenAPI document
	github.com/gin-gonic/gin v1.12.0 // the router
	github.com/go-json-experiment/json v1.27.2 // strict decoding (keys, case, UTF-8); to become encoding/json/v2
	github.com/go-playground/validator/v10 v10.30.6 // indirect
	github.com/goccy/go-yaml v1.19.2 // front matter, the texts of seed, the OpenAPI document as JSON; gin brings it anyway
	github.com/golang-jwt/jwt/v5 v5.3.1 // access and refresh tokens
	github.com/google/uuid v1.6.0 // ids of entries in feeds
	github.com/hashicorp/golang-lru/v2 v2.0.7 // bounds the memory of limits and of kept answers
	github.com/klauspost/compress v1.20.3 // gzip, twice as fast as that of the standard library
	github.com/mattn/go-isatty v0.0.24 // whether there is a terminal
	github.com/microcosm-cc/bluemonday v1.0.27 // the policy for rendered Markdown, behind the parser
	github.com/mmcdole/gofeed v1.4.2 // tests read the feeds as a feed reader does
	github.com/pelletier/go-toml/v2 v2.2.4 // front matter of Hugo; gin brings it anyway
	github.com/prometheus/client_golang v1.25.0 // metrics
	github.com/prometheus/client_model v0.6.3 // tests read metrics
	github.com/prometheus/common v0.72.0 // tests read metrics
	github.com/rivo/uniseg v0.4.7 // excerpts end between signs; progressbar brings it anyway
	github.com/rs/cors v1.11.1 // CORS
	github.com/schollz/progressbar/v3 v3.19.1 // progress of seed, copy and others, at a terminal
	github.com/swaggest/swgui v1.8.5 // Swagger UI inside the binary, for /docs
	github.com/yuin/goldmark v1.8.7 // Markdown; versions before 1.7.17 have CVE-2026-5160
	go.mongodb.org/mongo-driver/v2 v2.10.0 // MongoDB
	go.yaml.in/yaml/v4 v4.0.0 // front matter, in linear time
	golang.org/x/crypto v0.58.0 // bcrypt
	golang.org/x/net v0.60.0 // tests speak HTTP/2 frame by frame, and read pages as a browser does
	golang.org/x/sync v0.24.0 // semaphore, errgroup
	golang.org/x/text v0.43.0 // cases, accents and forms of letters: tags, passwords, the search, the addresses of posts
	zombiezen.com/go/sqlite v1.4.2 // SQLite in pure Go, without database/sql, which takes as long as the queries
)

require (
	github.com/go-playground/locales v0.14.2
	github.com/lucasb-eyer/go-colorful v1.4.1
	github.com/mileusna/useragent v1.3.5
)

require (
	github.com/VictoriaMetrics/metrics v1.35.3 // indirect
	github.com/aymerick/douceur v0.2.0 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/bytedance/gopkg v0.1.3 // indirect
	github.com/bytedance/sonic v1.15.0 // indirect
	github.com/bytedance/sonic/loader v0.5.0 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/cloudwego/base64x v0.1.6 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/gabriel-vasile/mimetype v1.4.16 // indirect
	github.com/gin-contrib/sse v1.1.0 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/go-playground/universal-translator v0.18.2 // indirect
	github.com/goccy/go-json v0.10.5 // indirect
	github.com/gorilla/css v1.0.1 // indirect
	github.com/json-iterator/go v1.1.12 // indirect
	github.com/klauspost/cpuid/v2 v2.3.0 // indirect
	github.com/kylelemons/godebug v1.1.0 // indirect
	github.com/leodido/go-urn v1.5.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/mmcdole/goxpp/v2 v2.0.0 // indirect
	github.com/modern-go/concurrent v0.0.0-20180306012644-bacd9c7ef1dd // indirect
	github.com/modern-go/reflect2 v1.0.2 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/quic-go/qpack v0.6.0 // indirect
	github.com/quic-go/quic-go v0.59.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/twitchyliquid64/golang-asm v0.15.1 // indirect
	github.com/ugorji/go/codec v1.3.1 // indirect
	github.com/valyala/fastrand v1.1.0 // indirect
	github.com/valyala/histogram v1.2.0 // indirect
	github.com/xdg-go/scram v1.4.0 // indirect
	github.com/xdg-go/stringprep v1.0.4 // indirect
	github.com/youmark/pkcs8 v0.0.0-20240726163527-a2c0da244d78 // indirect
	golang.org/x/arch v0.22.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/term v0.47.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
	modernc.org/libc v1.80.1 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
	modernc.org/sqlite v1.62.0 // indirect
)
