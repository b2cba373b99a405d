// Package tools tests the files that Go's own tools do not read.
package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

var (
	single     = []string{"api", "mongo"}
	replicas   = []string{"api-1", "api-2", "api-3"}
	members    = []string{"mongo", "mongo-2", "mongo-3"}
	scaled     = slices.Concat(replicas, members[1:], []string{"mongo-members", "proxy"})
	secured    = slices.Concat(replicas, members[1:], []string{"mongo-members", "https", "certificates"})
	monitoring = []string{"grafana", "node-exporter", "prometheus"}
	oneShots   = []string{"mongo-members", "certificates"}
)

// TestProfiles loads docker-compose.yml as Docker Compose does, with each set of profiles, and checks every service.
func TestProfiles(t *testing.T) {
	for _, c := range []struct{ profiles, services []string }{
		{nil, single},
		{[]string{"scale"}, slices.Concat(single, scaled)},
		{[]string{"https"}, slices.Concat(single, secured)},
		{[]string{"monitoring"}, slices.Concat(single, monitoring)},
		{[]string{"scale", "monitoring"}, slices.Concat(single, scaled, monitoring)},
	} {
		t.Run(fmt.Sprint(c.profiles), func(t *testing.T) {
			project := load(t, c.profiles...)
			if got, want := project.ServiceNames(), slices.Sorted(slices.Values(c.services)); !slices.Equal(got, want) {
				t.Errorf("services %v, want %v", got, want)
			}
			published := map[string]string{} // the service, by port
			for name, service := range project.Services {
				checkService(t, service)
				for _, port := range service.Ports {
					on := port.Published + "/" + port.Protocol
					if other, ok := published[on]; ok {
						t.Errorf("%s and %s are both published on port %s", name, other, on)
					}
					published[on] = name
				}
			}
		})
	}
}

// checkService checks what every service must have.
func checkService(t *testing.T, s types.ServiceConfig) {
	t.Helper()
	exact := regexp.MustCompile(`:v?\d+\.\d+\.\d+$`)
	if s.Build == nil && !exact.MatchString(s.Image) {
		t.Errorf("%s: image %s is not pinned to an exact version", s.Name, s.Image)
	}

	checked := s.HealthCheck != nil && !s.HealthCheck.Disable && len(s.HealthCheck.Test) > 0
	if s.Build != nil {
		checked = strings.Contains(read(t, filepath.Join(s.Build.Context, s.Build.Dockerfile)), "\nHEALTHCHECK ")
	}
	switch s.Restart {
	case types.RestartPolicyUnlessStopped:
		if !checked {
			t.Errorf("%s has no health check", s.Name)
		}
	case types.RestartPolicyOnFailure:
		if !slices.Contains(oneShots, s.Name) {
			t.Errorf("%s does not start again if it stops without a failure", s.Name)
		}
	default:
		t.Errorf("%s has the restart policy %q", s.Name, s.Restart)
	}

	if !s.ReadOnly {
		t.Errorf("%s is not read-only", s.Name)
	}
	if !slices.Equal(s.CapDrop, []string{"ALL"}) || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("%s keeps capabilities or may gain privileges", s.Name)
	}
	for _, port := range s.Ports {
		if port.HostIP != "127.0.0.1" && s.Name != "https" {
			t.Errorf("%s publishes port %s on %q", s.Name, port.Published, port.HostIP)
		}
	}
	for _, volume := range s.Volumes {
		if volume.Type != types.VolumeTypeBind {
			continue
		}
		if _, err := os.Stat(volume.Source); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if !volume.ReadOnly {
			t.Errorf("%s may write to %s", s.Name, volume.Source)
		}
	}
}

func TestReplicasAreAlike(t *testing.T) {
	project := load(t, "scale")
	first := project.Services[replicas[0]]
	for _, name := range replicas {
		replica := project.Services[name]
		replica.Name = first.Name
		if !equal(t, first, replica) {
			t.Errorf("%s differs from %s", name, first.Name)
		}
		if len(replica.Ports) > 0 {
			t.Errorf("%s is published, so that anybody could pose as its proxy", name)
		}
	}

	one := project.Services["api"]
	if !equal(t, one.Volumes, first.Volumes) {
		t.Error("the replicas do not share the secrets of api")
	}
	for name, value := range first.Environment {
		mayDiffer := slices.Contains([]string{"MONGO_URI", "TRUSTED_PROXIES", "DRAIN_DELAY", "BASE_URL"}, name)
		if !mayDiffer && (one.Environment[name] == nil || *one.Environment[name] != *value) {
			t.Errorf("%s of the replicas is not that of api", name)
		}
	}
}

func TestMembersHoldTheirOwnData(t *testing.T) {
	project := load(t, "scale")
	owners := map[string]string{} // the member, by volume
	for _, name := range members {
		for _, volume := range project.Services[name].Volumes {
			if volume.Type != types.VolumeTypeVolume {
				continue
			}
			if other, ok := owners[volume.Source]; ok {
				t.Errorf("%s and %s share the volume %s", name, other, volume.Source)
			}
			owners[volume.Source] = name
		}
	}
	if len(owners) != 2*len(members) {
		t.Errorf("volumes %v, want data and configuration of each member", owners)
	}

	hosts := strings.Join(members, ":27017,") + ":27017"
	if got := *project.Services[replicas[0]].Environment["MONGO_URI"]; !strings.HasPrefix(got, "mongodb://"+hosts+"/") {
		t.Errorf("the replicas know %s, want %s", got, hosts)
	}
	if got := *project.Services["mongo-members"].Environment["MEMBERS"]; got != hosts {
		t.Errorf("mongo-members adds %s, want %s", got, hosts)
	}
}

// TestNamesInOtherFiles checks that the files of deploy/ name the services of the stack.
func TestNamesInOtherFiles(t *testing.T) {
	for path, want := range map[string]string{
		"../deploy/Caddyfile":                                       "reverse_proxy api-1:3000 api-2:3000 api-3:3000 {",
		"../deploy/mongo/healthcheck.js":                            `["mongo-2:27017", "mongo-3:27017"]`,
		"../deploy/prometheus/prometheus.yml":                       "names: [api, api-1, api-2, api-3]",
		"../deploy/grafana/provisioning/datasources/prometheus.yml": "url: http://prometheus:9090\n",
		"../deploy/grafana/provisioning/dashboards/files.yml":       "path: /etc/grafana/dashboards\n",
		"../.env.example":                                           "\n#GRAFANA_PASSWORD=",
	} {
		if !strings.Contains(read(t, path), want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
}

// TestSettingsReachTheAPI checks that the stack passes on every setting of .env, except those that it decides itself.
func TestSettingsReachTheAPI(t *testing.T) {
	environment := load(t).Services["api"].Environment
	decided := []string{"HOST", "DATA_DIR", "TLS_CERT", "TLS_KEY", "GRAFANA_PASSWORD", "DOMAIN", "NO_COLOR"}
	settings := regexp.MustCompile(`(?m)^#([A-Z_]+)=`).FindAllStringSubmatch(read(t, "../.env.example"), -1)
	if len(settings) < 15 {
		t.Fatalf("only %d settings in .env.example", len(settings))
	}
	for _, setting := range settings {
		if _, ok := environment[setting[1]]; !ok && !slices.Contains(decided, setting[1]) {
			t.Errorf("docker-compose.yml does not pass on %s", setting[1])
		}
	}
}

// TestDotenvAsComposeReadsIt checks that Docker Compose reads the lines of .env that gin-blog takes as gin-blog does: a
// test of config has the same table.
func TestDotenvAsComposeReadsIt(t *testing.T) {
	var cases []struct {
		File, Value string
		Wrong       int
	}
	if err := json.Unmarshal([]byte(read(t, "../config/testdata/dotenv.json")), &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		if c.Wrong > 0 {
			continue
		}
		values, err := dotenv.Parse(strings.NewReader(c.File))
		if got, ok := values["DATA_DIR"]; err != nil || !ok || got != c.Value {
			t.Errorf("%q: got %q, %v, want %q", c.File, values, err, c.Value)
		}
	}
}

// TestDomain checks what follows from naming a domain in .env.
func TestDomain(t *testing.T) {
	for name, c := range map[string]struct {
		env           []string
		site, baseURL string
	}{
		"no domain": {nil, "localhost", ""},
		"a domain":  {[]string{"DOMAIN=blog.example"}, "blog.example", "https://blog.example"},
		"a domain and another address": {
			[]string{"DOMAIN=a.example", "BASE_URL=https://b.example"}, "a.example", "https://b.example",
		},
	} {
		project := loadWith(t, c.env, "https")
		if got := *project.Services["https"].Environment["SITE"]; got != c.site {
			t.Errorf("%s: the proxy serves %s, want %s", name, got, c.site)
		}
		for _, replica := range replicas {
			environment := project.Services[replica].Environment
			if got := *environment["BASE_URL"]; got != c.baseURL {
				t.Errorf("%s: the BASE_URL of %s is %q, want %q", name, replica, got, c.baseURL)
			}
			if got := *environment["TRUSTED_PROXIES"]; got != "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7" {
				t.Errorf("%s: %s trusts %q", name, replica, got)
			}
		}
	}
}

// TestBaseImagesArePinned checks that the Dockerfile names exact versions, as docker-compose.yml does.
func TestBaseImagesArePinned(t *testing.T) {
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(read(t, "../Dockerfile"), -1)
	if len(from) == 0 {
		t.Fatal("the Dockerfile has no FROM")
	}
	for _, image := range from {
		if !regexp.MustCompile(`^scratch$|:\d+\.\d+\.\d+$`).MatchString(image[1]) {
			t.Errorf("%s is not pinned to an exact version", image[1])
		}
	}
}

// TestEngine20Suffices checks that an engine from 20.10 on can build the image, with BuildKit and without, and run the
// stack.
func TestEngine20Suffices(t *testing.T) {
	text := read(t, "../Dockerfile")
	// The classic builder knows none of these, and BuildKit of 20.10 not all.
	for _, needs := range []string{"--start-interval", "--mount", "--link", "--chmod", "--parents", "--exclude", "<<"} {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") && strings.Contains(line, needs) {
				t.Errorf("the Dockerfile needs a newer engine for %s: %s", needs, line)
			}
		}
	}
	for name, service := range load(t, "scale", "monitoring").Services {
		if service.HealthCheck != nil && service.HealthCheck.StartInterval != nil {
			t.Errorf("%s has a start_interval, which engines before 25 refuse", name)
		}
	}
}

// load loads the stack with the given profiles, without the environment of the test.
func load(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	return loadWith(t, nil, profiles...)
}

// loadWith loads the stack with the given profiles and environment.
func loadWith(t *testing.T, environ []string, profiles ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithProfiles(profiles),
		cli.WithEnv(environ))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// equal tells whether a and b are the same in JSON.
func equal(t *testing.T, a, b any) bool {
	t.Helper()
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(first, second)
}
