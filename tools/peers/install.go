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

// installation is what the servers run from, and the versions of it.
type installation struct {
	ginBlog    string // path of the binary
	pocketBase string // path of the binary
	express    string // path of the app
	mongo      string // path of the script that becomes a MongoDB server

	goVersion, nodeVersion, expressVersion, mongooseVersion, pocketBaseVersion string

	mongoName string // of the MongoDB server, with its version if it is known
}

// install builds and installs everything below dir, an absolute path.
func install(ctx context.Context, dir string) (*installation, error) {
	script, err := filepath.Abs(filepath.Join(program.Root, "scripts", "mongo-server"))
	if err != nil {
		return nil, err
	}
	in := &installation{mongo: script, goVersion: strings.Replace(runtime.Version(), "go", "Go ", 1)}
	if err := in.findCommands(ctx); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if in.ginBlog, err = program.Build(ctx, dir); err != nil {
		return nil, err
	}
	if err := in.buildPocketBase(ctx, dir); err != nil {
		return nil, fmt.Errorf("build PocketBase: %w", err)
	}
	if err := in.installExpress(ctx, filepath.Join(dir, "express")); err != nil {
		return nil, fmt.Errorf("install Express: %w", err)
	}
	return in, nil
}

// findCommands notes the versions of what the machine must have. The error names everything that is missing.
func (in *installation) findCommands(ctx context.Context) error {
	var missing []string
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		missing = append(missing, "/proc, which Linux has")
	}
	for _, command := range []string{"taskset", "npm"} {
		if _, err := exec.LookPath(command); err != nil {
			missing = append(missing, command)
		}
	}
	version, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		missing = append(missing, "node, 20.19 or newer")
	}
	in.nodeVersion = strings.TrimPrefix(strings.TrimSpace(string(version)), "v")
	mongo := exec.CommandContext(ctx, in.mongo)
	mongo.Stderr = os.Stderr
	name, err := mongo.Output()
	if err != nil {
		missing = append(missing, "mongod, or python3 with venv and pip to install a server that speaks its protocol")
	}
	in.mongoName = strings.TrimSpace(string(name))
	if len(missing) > 0 {
		return errors.New("this machine lacks " + strings.Join(missing, "; "))
	}
	return nil
}

// buildPocketBase builds the module pocketbase/ into dir.
func (in *installation) buildPocketBase(ctx context.Context, dir string) error {
	in.pocketBase = filepath.Join(dir, "pocketbase")
	build := exec.CommandContext(ctx, "go", "build", "-C", filepath.Join("peers", "pocketbase"), "-o", in.pocketBase, ".")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, output)
	}
	info, err := buildinfo.ReadFile(in.pocketBase)
	if err != nil {
		return err
	}
	for _, module := range info.Deps {
		if module.Path == "github.com/pocketbase/pocketbase" {
			in.pocketBaseVersion = strings.TrimPrefix(module.Version, "v")
		}
	}
	return nil
}

// installExpress copies the app of express/ into dir and installs its packages there, as the lock names them.
func (in *installation) installExpress(ctx context.Context, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("peers", "express"))); err != nil {
		return err
	}
	ci := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	ci.Dir = dir
	if output, err := ci.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci: %w: %s", err, output)
	}
	in.express = filepath.Join(dir, "app.js")
	var err error
	if in.expressVersion, err = packageVersion(dir, "express"); err != nil {
		return err
	}
	in.mongooseVersion, err = packageVersion(dir, "mongoose")
	return err
}

// packageVersion returns the version of a package that is installed in dir.
func packageVersion(dir, name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(dir, "node_modules", name, "package.json"))
	if err != nil {
		return "", err
	}
	var manifest struct{ Version string }
	err = json.Unmarshal(content, &manifest)
	return manifest.Version, err
}
