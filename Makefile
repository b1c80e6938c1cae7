# What the project is worked with. README.md says when to use which.

NPM = npm --no-audit --no-fund --no-update-notifier

PLATFORMS = linux/amd64 linux/arm64 darwin/arm64

.PHONY: generate web release test lint check prove bench

# Everything that is generated, from contracts and schema. Needs no network once modules are downloaded.
generate:
	go run ./cmd/generate

# The Playground, which programs that are built from then on have in them. It needs Node 20.19 or 22.12, or newer.
web:
	$(NPM) --prefix web ci
	$(NPM) --prefix web run build

# The program for each platform in dist/, with the Playground in it and the version that git gives: for those who have neither Go nor Node.
release: web
	test -f web/dist/index.html.gz
	for platform in $(PLATFORMS); do \
		CGO_ENABLED=0 GOOS=$${platform%/*} GOARCH=$${platform#*/} \
			go build -trimpath -buildvcs=true -o dist/mainstem-$${platform%/*}-$${platform#*/} ./cmd/mainstem || exit 1; \
	done

# What the README calls the tests.
test:
	go test ./...

lint:
	go -C .ci/lint build -o ../../bin/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	bin/golangci-lint run ./...

# What CI runs.
check:
	.ci/run

# Soaks, kills and figures: what takes long or measures time. Then far more random operations than the tests compare.
prove:
	go test -count=1 -timeout 60m -tags prove -v ./e2e -run 'Prove|RandomOperations'
	go test -count=1 -timeout 60m -tags prove ./platform/exec/exectest/zoo

# The compiled executor against gqlgen's, side by side: the figures of docs/performance.md.
bench:
	go run ./bench
