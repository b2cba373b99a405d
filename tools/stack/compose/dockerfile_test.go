// Package compose has what comes from the modules of Docker Compose: Compose itself, and a check of the Dockerfile.
package compose

import (
	"context"
	"os"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/opencontainers/go-digest"
)

// TestDockerfile checks the Dockerfile as "docker build --check" of a current engine does, without pulling an image.
// make stack builds it with the oldest engine that works.
func TestDockerfile(t *testing.T) {
	content, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	source := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", content)
	source.Definition = &llb.Definition{} // nothing but the file
	options := dockerfile2llb.ConvertOpt{MetaResolver: anyImage{}, SourceMap: source}
	found, err := dockerfile2llb.DockerfileLint(t.Context(), content, options)
	if err != nil {
		t.Fatal(err)
	}
	if found.Error != nil {
		t.Error(found.Error.Message)
	}
	for _, warning := range found.Warnings {
		t.Errorf("%s: %s", warning.RuleName, warning.Detail)
	}
}

// anyImage resolves every name to an image without a configuration.
type anyImage struct{}

func (anyImage) ResolveImageConfig(
	_ context.Context, ref string, _ sourceresolver.Opt,
) (string, digest.Digest, []byte, error) {
	return ref, "", []byte("{}"), nil
}
