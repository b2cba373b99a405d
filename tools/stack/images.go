package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/sync/errgroup"
)

// project is the name of the stack, so that it has nothing in common with one that somebody runs for real.
const project = "gin-blog-test"

// baseImage has all that the images that are made here consist of.
const baseImage = "gin-blog-made/debian"

// pullTimeout is how long the images may take to arrive.
const pullTimeout = 5 * time.Minute

// prepare gets the command that runs the stack, and all images. images is "real", "made" or "auto".
func (s *stack) prepare(ctx context.Context, images string) error {
	if err := s.findCompose(ctx); err != nil {
		return err
	}
	if images != "made" {
		progress("pulling the images")
		pullCtx, cancel := context.WithTimeout(ctx, pullTimeout)
		err := s.pull(pullCtx)
		cancel()
		s.real = err == nil
		if err != nil && (images == "real" || !s.engine.own()) {
			return fmt.Errorf("%w: the images cannot be pulled: %w", errCannotRun, err)
		}
	}
	if !s.real {
		if !s.engine.own() {
			return fmt.Errorf("%w: images are only made on an engine of one's own", errCannotRun)
		}
		s.files = append(s.files, "tools/stack/images/compose.yml")
		if err := s.makeBases(ctx); err != nil {
			return fmt.Errorf("%w: %w", errCannotRun, err)
		}
		if err := s.probe(ctx); err != nil {
			return fmt.Errorf("%w: the engine runs no container: %w", errCannotRun, err)
		}
	}
	if err := s.remove(); err != nil { // what an earlier run left
		return err
	}
	progress("building the image of the API")
	return s.build(ctx)
}

// pull pulls every image that docker-compose.yml and the Dockerfile name.
func (s *stack) pull(ctx context.Context) error {
	base, err := s.goImage()
	if err != nil {
		return err
	}
	if _, err := s.engine.docker(ctx, "pull", "--quiet", base); err != nil {
		return err
	}
	return s.compose(ctx, "--profile", "*", "pull", "--quiet", "--ignore-buildable")
}

// goImage returns the image that the Dockerfile builds with.
func (s *stack) goImage() (string, error) {
	content, err := os.ReadFile(filepath.Join(s.root, "Dockerfile"))
	if err != nil {
		return "", err
	}
	found := regexp.MustCompile(`(?m)^FROM (golang:\S+)`).FindSubmatch(content)
	if found == nil {
		return "", errors.New("the Dockerfile names no image of Go")
	}
	return string(found[1]), nil
}

// makeBases makes the image that all made images begin with, and the one with Go.
func (s *stack) makeBases(ctx context.Context) error {
	goTag, err := s.goImage()
	if err != nil {
		return err
	}
	if _, err := s.engine.docker(ctx, "image", "inspect", baseImage, goTag); err == nil {
		return nil // an earlier run kept them
	}
	progress("making the base images from Debian's packages")
	debian, golang := filepath.Join(s.work, "debian"), filepath.Join(s.work, "golang")
	defer os.RemoveAll(golang)
	defer func() {
		// An interrupted debootstrap leaves /proc mounted.
		if unmountBelow(debian) == nil {
			os.RemoveAll(debian)
		}
	}()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.makeDebian(groupCtx, debian) })
	group.Go(func() error { return s.makeGo(groupCtx, golang) })
	if err := group.Wait(); err != nil {
		return err
	}
	// Most of what is left out is what Prometheus shows in a browser.
	leaveOut := []string{"javascript", "doc", "man", "locale"}
	script := `tar -c -C "$1" `
	for _, folder := range leaveOut {
		script += "--exclude=./usr/share/" + folder + " "
	}
	script += `--exclude=./var/cache --exclude=./var/lib/apt --exclude=./dev . | docker import - "$2"`
	if err := s.shell(ctx, script, debian, baseImage); err != nil {
		return err
	}
	// -h, because the folders of the context are links.
	return s.shell(ctx, `tar -ch -C "$1" . | DOCKER_BUILDKIT=0 docker build --quiet --tag "$2" -`, golang, goTag)
}

// makeDebian makes the files of a Debian in dir, with the programs that the made images run.
func (s *stack) makeDebian(ctx context.Context, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	packages := "ca-certificates,wget,python3,libstdc++6,caddy,prometheus,prometheus-node-exporter"
	if err := s.logged(ctx, "debootstrap", "--variant=minbase", "--include="+packages, "bookworm", dir); err != nil {
		return err
	}
	// The pip of this machine knows how to reach PyPI from here. 3.11 is the Python of bookworm.
	err := s.shell(ctx, `scripts/mongo-server && .tools/secantusdb/bin/pip install --quiet --target "$1"/opt/secantusdb \
		--python-version 3.11 --only-binary=:all: --requirement tools/stack/images/mongo/requirements.txt`, dir)
	if err != nil {
		return err
	}
	// mongosh needs a newer Node.js than Debian's.
	return s.shell(ctx, `
		scripts/mongosh
		cp -a .tools/mongosh "$1"/opt
		cp "$(node -p process.execPath)" "$1"/usr/bin/node
	`, dir)
}

// makeGo makes the context of an image with this machine's Go in dir, and with the modules that the program needs, so
// that the build of the program needs no network.
func (s *stack) makeGo(ctx context.Context, dir string) error {
	return s.shell(ctx, `
		rm -rf "$1" && mkdir "$1" && cp tools/stack/images/golang/Dockerfile "$1"
		cache=$(go env GOMODCACHE)
		go mod download
		GOMODCACHE="$1/cache" GOFLAGS=-modcacherw GOSUMDB=off GOPROXY="file://$cache/cache/download" go mod download
		ln -s "$(go env GOROOT)" "$1/go"
		ln -s "$1/cache/cache/download" "$1/modules"
		printf 'cache\ngo/test\ngo/api\n' >"$1/.dockerignore"
	`, dir)
}

// shell runs a script of bash at the root of the repository. Its arguments are $1, $2 and so on.
func (s *stack) shell(ctx context.Context, script string, args ...string) error {
	return s.logged(ctx, "bash", append([]string{"-euo", "pipefail", "-c", script, "bash"}, args...)...)
}

// probe runs a container as the stack does, to see whether this machine lets the engine do it.
func (s *stack) probe(ctx context.Context) error {
	network := project + "-probe"
	if _, err := s.engine.docker(ctx, "network", "create", network); err != nil {
		return err
	}
	_, err := s.engine.docker(ctx, "run", "--rm", "--network", network, "--publish", "127.0.0.1::80", "--read-only",
		"--cap-drop", "ALL", baseImage, "true")
	_, removed := s.engine.docker(ctx, "network", "rm", network)
	return errors.Join(err, removed)
}
