package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"gin-blog/tools/internal/program"
)

// pocketBase is the main package of PocketBase's releases. Dependabot does not see this version.
const pocketBase = "github.com/pocketbase/pocketbase/examples/base@v0.40.4"

// installation is what the servers run from, and what they are called.
type installation struct {
	ginBlog, pocketBase, express, mongo string // paths

	goVersion, nodeVersion, pocketBaseName, expressName, mongoName string
}

// install builds and installs everything below dir.
func install(ctx context.Context, dir string) (*installation, error) {
	in := &installation{
		pocketBase: filepath.Join(dir, "base"), express: filepath.Join(dir, "express"),
		goVersion: strings.Replace(runtime.Version(), "go", "Go ", 1),
	}
	if err := in.findCommands(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	if in.ginBlog, err = program.Build(ctx, dir); err != nil {
		return nil, err
	}
	if err := in.installPocketBase(ctx, dir); err != nil {
		return nil, err
	}
	return in, in.installExpress(ctx)
}

// findCommands looks for what the machine must have. The error names everything that is missing.
func (in *installation) findCommands(ctx context.Context) (err error) {
	var missing []string
	for _, command := range []string{"taskset", "npm"} {
		if _, err := exec.LookPath(command); err != nil {
			missing = append(missing, command)
		}
	}
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		missing = append(missing, "node, 20.19 or newer")
	}
	in.nodeVersion = strings.Trim(string(version), "v\n")
	if in.mongo, err = program.Root("scripts", "mongo-server"); err != nil {
		return err
	}
	find := exec.CommandContext(ctx, in.mongo)
	find.Stderr = os.Stderr
	name, err := find.Output()
	if err != nil {
		missing = append(missing, "mongod, or python3 with venv and pip to install a server that speaks its protocol")
	}
	in.mongoName = strings.TrimSpace(string(name))
	if len(missing) > 0 {
		return errors.New("this machine lacks " + strings.Join(missing, "; "))
	}
	return nil
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
	in.pocketBaseName = fmt.Sprintf("PocketBase %s (%s)", strings.TrimPrefix(info.Main.Version, "v"),
		strings.Replace(info.GoVersion, "go", "Go ", 1))
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
