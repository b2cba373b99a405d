# What a developer runs. CONTRIBUTING.md says when.

.PHONY: run test postman faults check bench fmt

run: ## serve on http://localhost:3000
	go run .

test: ## all tests with the race detector, on SQLite and on MongoDB
	scripts/with-mongo scripts/test

postman: ## the Postman collection, against the program on both stores
	scripts/with-mongo scripts/postman

faults: ## kill and stop everything under load; prints the table of README.md (ARGS=-short: less of it)
	go run ./faults $(ARGS)

check: ## what else guards the project
	scripts/check

bench: ## measure; prints the figures of README.md
	go run ./bench

fmt: ## format the sources
	gofmt -w .
