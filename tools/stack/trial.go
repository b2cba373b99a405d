package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"gin-blog/tools/internal/ledger"
	"gin-blog/tools/internal/program"
)

const (
	direct = "http://127.0.0.1:3000" // the API of the default profile
	proxy  = "http://127.0.0.1:8080" // the proxy of the scale profile
)

// trial is one run through all profiles. The first failure ends it.
type trial struct {
	engine   *engine
	short    bool // of containers that are alike, one is enough
	standIns string
	book     *ledger.Ledger
	site     *ledger.Site
	crew     *ledger.Crew // nil while no client is there
	table    strings.Builder
}

// run takes the stack from the default profile to the scale profile, to HTTPS and back, and then watches it.
func (t *trial) run(ctx context.Context) error {
	e := t.engine
	t.table.WriteString("| profile | what was done | took | no reads for | no writes for | reads refused | writes refused |\n" +
		"|-|-|-:|-:|-:|-:|-:|\n")
	up := func(profile string, services ...string) func(context.Context) error {
		return func(ctx context.Context) error { return e.up(ctx, profile, services...) }
	}
	scaled := []string{"api-1", "api-2", "api-3", "mongo-2", "mongo-3", "mongo", "proxy"}
	if t.short {
		scaled = []string{"api-1", "mongo-2", "mongo", "proxy"}
	}
	for _, step := range []func() error{
		func() error { return t.do(ctx, "default", "`up --build`", up("", "--build")) },
		func() error { return t.do(ctx, "default", "checks of the containers", e.check) },
		func() error { return t.startCrew(ctx, "default", &ledger.Site{Client: program.Client{URL: direct}}) },
		func() error { return t.faults(ctx, "default", "api", "mongo") },
		func() error { return t.do(ctx, "default", "`down`, `up`", t.downAndUp) },
		func() error {
			return t.do(ctx, "default → scale", "`--profile scale up proxy`", up("scale", "proxy"))
		},
		t.stopCrew,
		func() error {
			return t.startCrew(ctx, "scale", &ledger.Site{Client: program.Client{URL: proxy}, Proxied: true})
		},
		func() error { return t.faults(ctx, "scale", scaled...) },
		func() error { return t.do(ctx, "scale → https", "`--profile https up https`", t.https) },
		func() error { return t.do(ctx, "scale, https", "checks of the containers", e.check) },
		t.stopCrew,
		func() error { return t.do(ctx, "scale → default", "remove members, `down`, `up`", t.shrink) },
		func() error { return t.do(ctx, "default", "comparison of all posts", t.compare) },
		func() error { return t.do(ctx, "monitoring", "`--profile monitoring up`, targets", t.monitor) },
		func() error { return t.do(ctx, "monitoring", "checks of the containers", e.check) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// startCrew makes clients read from the site and write to it.
func (t *trial) startCrew(ctx context.Context, name string, site *ledger.Site) error {
	if err := site.SignIn(ctx, "writer"); err != nil {
		return err
	}
	t.site, t.crew = site, t.book.StartCrew(ctx, site, name, ledger.Work{Posts: 4, Readers: 3})
	return nil
}

func (t *trial) stopCrew() error {
	t.crew.Stop()
	t.crew = nil
	return nil
}

// do does one thing and adds a row with the time that it took, and what clients noticed of it if they are there.
func (t *trial) do(ctx context.Context, profile, what string, do func(context.Context) error) error {
	progress("%s: %s", profile, what)
	noticed, begin := " | | |", time.Now()
	err := t.awaitClients(ctx)
	if err == nil {
		if t.crew != nil {
			t.site.Reads.Take()
			t.site.Writes.Take()
		}
		err = errors.Join(do(ctx), t.awaitClients(ctx))
	}
	if t.crew != nil {
		reads, writes := t.site.Reads.Take(), t.site.Writes.Take()
		noticed = fmt.Sprintf("%d ms | %d ms | %d | %d", reads.Longest.Milliseconds(), writes.Longest.Milliseconds(),
			reads.Failed, writes.Failed)
	}
	if err != nil {
		err = fmt.Errorf("%s: %s: %w", profile, what, err)
		what = "**failed**: " + what
	}
	fmt.Fprintf(&t.table, "| %s | %s | %.0f s | %s |\n", profile, what, time.Since(begin).Seconds(), noticed)
	return err
}

// awaitClients waits until every client is served, if any are there.
func (t *trial) awaitClients(ctx context.Context) error {
	if t.crew == nil {
		return nil
	}
	return t.crew.AwaitProgress(ctx)
}

// faults kills and then stops the containers of services, one after the other.
func (t *trial) faults(ctx context.Context, profile string, services ...string) error {
	for _, fault := range []struct {
		name string
		do   func(ctx context.Context, service string) error
	}{{"SIGKILL", t.engine.kill}, {"SIGTERM", t.engine.stop}} {
		for _, service := range services {
			do := func(ctx context.Context) error { return fault.do(ctx, service) }
			if err := t.do(ctx, profile, fault.name+" "+service, do); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *trial) downAndUp(ctx context.Context) error {
	if err := t.engine.compose(ctx, "down"); err != nil {
		return err
	}
	return t.engine.up(ctx, "")
}

// https brings up the profile https without a DOMAIN, so that Caddy's own authority signs a certificate for localhost,
// and reads from it as docs/operations.md says.
func (t *trial) https(ctx context.Context) error {
	if err := t.engine.up(ctx, "https", "https"); err != nil {
		return err
	}
	root := t.engine.log.Name() + ".crt"
	if err := t.engine.compose(ctx, "cp", "https:/data/caddy/pki/authorities/local/root.crt", root); err != nil {
		return err
	}
	// Caddy may not have its certificate yet, or not have asked the replicas whether they are ready.
	return program.Run(exec.CommandContext(ctx, "curl", "--silent", "--show-error", "--fail", "--retry", "30",
		"--retry-delay", "1", "--retry-all-errors", "--cacert", root, "https://localhost/posts"))
}

// shrink goes back from the scale profile to the default one, as docs/operations.md says.
func (t *trial) shrink(ctx context.Context) error {
	volumes := []string{"volume", "rm"}
	for _, volume := range []string{"mongo-2", "mongo-2-config", "mongo-3", "mongo-3-config"} {
		volumes = append(volumes, project+"_"+volume)
	}
	for _, args := range [][]string{
		{"compose", "--profile", "scale", "run", "--rm", "-T", "-e", "MEMBERS=mongo:27017", "mongo-members"},
		{"compose", "--profile", "scale", "--profile", "https", "down"},
		volumes,
	} {
		if _, err := t.engine.docker(ctx, args...); err != nil {
			return err
		}
	}
	return t.engine.up(ctx, "")
}

// compare compares the posts that are there with what the clients were told.
func (t *trial) compare(ctx context.Context) error {
	client := &program.Client{URL: direct}
	if err := client.SignIn(ctx, "writer"); err != nil {
		return err
	}
	v, err := t.book.Compare(ctx, client, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(&t.table, "| | %d acknowledged posts, %d lost, %d doubled | | | | | |\n",
		v.Acknowledged, len(v.Lost), len(v.Doubled))
	return v.Err()
}

// monitor adds Prometheus, which must reach the API, the machine and itself, and Grafana, which must have the dashboard.
func (t *trial) monitor(ctx context.Context) error {
	grafana := !strings.Contains(t.standIns, "grafana/grafana=left out")
	services := []string{"prometheus"}
	if grafana {
		services = append(services, "grafana")
	}
	if err := t.engine.up(ctx, "monitoring", services...); err != nil {
		return err
	}
	client := &program.Client{URL: "http://127.0.0.1:9090"}
	err := program.Await(ctx, healthTimeout, "Prometheus to reach three targets", func() error {
		var answer struct {
			Data struct{ Result []struct{ Value []any } }
		}
		_, err := client.Call(ctx, http.MethodGet, "/api/v1/query?query=count(up)==3+and+sum(up)==3", nil, &answer)
		if err == nil && len(answer.Data.Result) != 1 {
			return errors.New("it does not")
		}
		return err
	})
	if err == nil && grafana {
		client = &program.Client{URL: "http://admin:admin@127.0.0.1:3001"}
		_, err = client.Call(ctx, http.MethodGet, "/api/dashboards/uid/gin-blog", nil, nil)
	}
	return err
}
