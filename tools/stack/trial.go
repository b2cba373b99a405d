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
	verdict  string
	err      error
}

// run takes the stack from the default profile to the scale profile, to HTTPS and back, and then watches it.
func (t *trial) run(ctx context.Context) error {
	progress("building the image of the API")
	if err := t.engine.compose(ctx, "build", "api"); err != nil {
		return err
	}
	scaled := []string{"api-1", "api-2", "api-3", "mongo-2", "mongo-3", "mongo", "proxy"}
	if t.short {
		scaled = []string{"api-1", "mongo-2", "mongo", "proxy"}
	}
	const checks = "checks of the containers"
	t.do(ctx, "default", "`up`", t.up(""))
	t.do(ctx, "default", checks, t.engine.check)
	t.startCrew(ctx, "default", &ledger.Site{Client: program.Client{URL: direct}})
	t.faults(ctx, "default", "api", "mongo")
	t.do(ctx, "default", "`down`, `up`", t.downAndUp)
	t.do(ctx, "default → scale", "`--profile scale up proxy`", t.up("scale", "proxy"))
	t.stopCrew()
	t.startCrew(ctx, "scale", &ledger.Site{Client: program.Client{URL: proxy}, Proxied: true})
	t.faults(ctx, "scale", scaled...)
	t.do(ctx, "scale → https", "`--profile https up https`", t.https)
	t.do(ctx, "scale, https", checks, t.engine.check)
	t.stopCrew()
	t.do(ctx, "scale → default", "remove members, `down`, `up`", t.shrink)
	t.do(ctx, "default", "comparison of all posts", t.compare)
	t.do(ctx, "monitoring", "`--profile monitoring up`, targets", t.monitor)
	t.do(ctx, "monitoring", checks, t.engine.check)
	return t.err
}

// up returns what brings up services of a profile.
func (t *trial) up(profile string, services ...string) func(context.Context) error {
	return func(ctx context.Context) error { return t.engine.up(ctx, profile, services...) }
}

// startCrew makes clients read from the site and write to it.
func (t *trial) startCrew(ctx context.Context, name string, site *ledger.Site) {
	if t.err == nil {
		t.err = site.SignIn(ctx, "writer")
	}
	if t.err == nil {
		t.site, t.crew = site, t.book.StartCrew(ctx, site, name, ledger.Work{Posts: 4, Readers: 3})
	}
}

func (t *trial) stopCrew() {
	if t.crew != nil {
		t.crew.Stop()
		t.crew = nil
	}
}

// do does one thing and adds a row with the time that it took, and what clients noticed of it if they are there. After
// a failure it does nothing.
func (t *trial) do(ctx context.Context, profile, what string, do func(context.Context) error) {
	if t.err != nil {
		return
	}
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
		t.err = fmt.Errorf("%s: %s: %w", profile, what, err)
		what = "**failed**: " + what
	}
	fmt.Fprintf(&t.table, "| %s | %s | %.0f s | %s |\n", profile, what, time.Since(begin).Seconds(), noticed)
}

// awaitClients waits until every client is served, if any are there.
func (t *trial) awaitClients(ctx context.Context) error {
	if t.crew == nil {
		return nil
	}
	return t.crew.AwaitProgress(ctx)
}

// faults kills and then stops the containers of services, one after the other.
func (t *trial) faults(ctx context.Context, profile string, services ...string) {
	for _, service := range services {
		t.do(ctx, profile, "SIGKILL "+service, func(ctx context.Context) error { return t.engine.kill(ctx, service) })
	}
	for _, service := range services {
		t.do(ctx, profile, "SIGTERM "+service, func(ctx context.Context) error { return t.engine.stop(ctx, service) })
	}
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
	t.verdict = fmt.Sprintf("%d posts were acknowledged; of these, **%d were lost**. %d were doubled.\n\n",
		v.Acknowledged, len(v.Lost), len(v.Doubled))
	return v.Err()
}

// monitor adds Prometheus, which must reach the API, the machine and itself, and Grafana with the dashboard.
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
