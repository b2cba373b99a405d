package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gin-blog/tools/internal/program"
)

// pocketBase is the main package of PocketBase's releases. Dependabot does not see this version.
const pocketBase = "github.com/pocketbase/pocketbase/examples/base@v0.40.4"

// installation is what the servers run from, and what they are called.
type installation struct {
	ginBlog, pocketBase, express, mongo                 string // paths
	nodeVersion, pocketBaseName, expressName, mongoName string
}

// install builds and installs everything below dir.
func install(ctx context.Context, dir string) (*installation, error) {
	script, err := program.Root("scripts", "mongo-server")
	if err != nil {
		return nil, err
	}
	in := &installation{pocketBase: filepath.Join(dir, "base"), express: filepath.Join(dir, "express"), mongo: script}
	if in.mongoName, err = program.Output(ctx, script); err != nil {
		return nil, fmt.Errorf("there is neither mongod nor python3 with venv and pip: %w", err)
	}
	if in.nodeVersion, err = program.Output(ctx, "node", "--version"); err != nil {
		return nil, err
	}
	if in.ginBlog, err = program.Build(ctx, dir); err != nil {
		return nil, err
	}
	if err := in.installPocketBase(ctx, dir); err != nil {
		return nil, err
	}
	return in, in.installExpress(ctx)
}

// installPocketBase builds PocketBase into dir, with a newer Go if it needs one.
func (in *installation) installPocketBase(ctx context.Context, dir string) error {
	install := exec.CommandContext(ctx, "go", "install", pocketBase)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOTOOLCHAIN=auto")
	if err := program.Run(install); err != nil {
		return err
	}
	info, err := buildinfo.ReadFile(in.pocketBase)
	if err != nil {
		return err
	}
	in.pocketBaseName = fmt.Sprintf("PocketBase %s, Go %s",
		strings.TrimPrefix(info.Main.Version, "v"), strings.TrimPrefix(info.GoVersion, "go"))
	return nil
}

// installExpress copies the app of express/ and installs its packages beside it, as the lock names them.
func (in *installation) installExpress(ctx context.Context) error {
	if err := os.RemoveAll(in.express); err != nil {
		return err
	}
	if err := os.CopyFS(in.express, os.DirFS(filepath.Join("peers", "express"))); err != nil {
		return err
	}
	ci := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	ci.Dir = in.express
	if err := program.Run(ci); err != nil {
		return err
	}
	content, err := os.ReadFile(filepath.Join(in.express, "package.json"))
	if err != nil {
		return err
	}
	var manifest struct {
		Dependencies struct{ Express, Mongoose string }
	}
	err = json.Unmarshal(content, &manifest)
	in.expressName = fmt.Sprintf("Express %s, Mongoose %s", manifest.Dependencies.Express, manifest.Dependencies.Mongoose)
	return err
}
