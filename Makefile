# What a developer runs. CONTRIBUTING.md says which targets a pull request needs.

.PHONY: run test test-all race screenshots postman postman-examples schemathesis clients fuzz faults stack check lint bench bench-peers dist fmt

run: ## serve on http://localhost:3000; the first time, it compiles for a minute
	go run .

test: ## all tests, on SQLite and on MongoDB
	scripts/test

test-all: ## these, those that take long, the faults, and every fuzz target for a minute
	TEST_ALL=1 scripts/test
	$(MAKE) faults
	$(MAKE) fuzz

race: ## the tests of what runs at once, with the race detector
	scripts/race

screenshots: ## pictures of the main pages into screenshots/ (needs Chromium)
	mkdir -p screenshots && SCREENSHOTS=$(CURDIR)/screenshots go test -count=1 -run TestScreenshots ./test/e2e

postman: ## the Postman collection, against the program on both stores
	scripts/with-mongo scripts/postman

postman-examples: ## save the answers of a run in the Postman collection, as its examples
	scripts/postman examples

schemathesis: ## schemathesis from the OpenAPI document, against the program on both stores
	scripts/with-mongo scripts/schemathesis

clients: ## generate four clients from the OpenAPI document, and use them on the program
	scripts/clients

fuzz: ## every fuzz target, one after the other (FUZZTIME=60s each)
	scripts/fuzz

faults: ## kill and stop everything under load; prints the table of docs/survival.md (ARGS=-short: fewer faults)
	go -C tools run ./faults $(ARGS)

stack: ## run the stacks on the Docker engine, kill and stop every container; prints its table (ARGS=-short: fewer)
	go -C tools run ./stack $(ARGS)

check: ## formatting, vet, staticcheck, and the files of the stack
	scripts/check

lint: ## golangci-lint and govulncheck, which compile for minutes the first time
	scripts/lint

bench: ## measure; prints the table of docs/speed.md
	go -C tools run ./bench $(ARGS)

bench-peers: ## measure beside Express with Mongoose, and PocketBase; prints a table of docs/speed.md. Linux only
	go -C tools run ./peers $(ARGS)

dist: ## the release: archives for Linux, macOS and Windows, with checksums, in dist/
	scripts/dist

fmt: ## format the sources
	gofmt -w .
