# The commands of the README and of CONTRIBUTING.md.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: demo test check bench build screens

demo: ## the main job, nothing to set up
	go run ./cmd/akkoord demo

# SQLite is C translated to Go, and keeps its memory where the race detector does
# not look: telling it of each access finds nothing, and checking each pointer
# there as Go's would be is in vain. With libc and its allocator left out as well the same part of
# the contract takes 14 s of computing for 24 s. Our own code and the driver stay
# instrumented, and so do Go's locks, which libc's are made of.
PLAIN = -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false -gcflags=modernc.org/memory=-race=false
RACE = -race $(PLAIN)

test: ## all tests; installs what they need (Debian, as root)
	.ci/needs
	go test $(RACE) -shuffle=on -timeout 40m ./...

check: ## formatting, vet, staticcheck, tidy module file
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w on these files" >&2; exit 1; }
	go vet ./...
	go run $(STATICCHECK) ./...
	go mod tidy -diff
	go mod verify

bench: ## floors and product side by side, about ten minutes; -quick in one
	go run ./cmd/bench

screens: ## the pictures of README.md and docs/tour.md, taken from the demo in Chromium
	go run ./cmd/screens

build: ## one static binary in ./dist
	CGO_ENABLED=0 go build -trimpath -ldflags=-s -o dist/akkoord ./cmd/akkoord
