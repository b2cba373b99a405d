package main

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestCheckSettings: each rule that a container breaks is named, and a container that keeps all is let through.
func TestCheckSettings(t *testing.T) {
	const good = `{
		"Name": "/gin-blog-test-api-1",
		"State": {"Running": true, "Health": {"Status": "healthy"}},
		"HostConfig": {
			"ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
			"RestartPolicy": {"Name": "unless-stopped"}
		},
		"NetworkSettings": {"Ports": {"3000/tcp": [{"HostIP": "127.0.0.1", "HostPort": "3000"}], "9464/tcp": null}}
	}`
	for old, c := range map[string]struct{ now, want string }{
		``:                           {``, ``},
		`"healthy"`:                  {`"unhealthy"`, `is not healthy`},
		`"Running": true`:            {`"Running": false`, `is not healthy`},
		`"ReadonlyRootfs": true`:     {`"ReadonlyRootfs": false`, `not read-only`},
		`["ALL"]`:                    {`[]`, `capabilities`},
		`["no-new-privileges:true"]`: {`[]`, `capabilities`},
		`"unless-stopped"`:           {`"no"`, `restart policy`},
		`"127.0.0.1"`:                {`"0.0.0.0"`, `published on 0.0.0.0`},
	} {
		var broken container
		if err := json.Unmarshal([]byte(strings.Replace(good, old, c.now, 1)), &broken); err != nil {
			t.Fatal(err)
		}
		err := errors.Join(checkSettings(&broken)...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("with %s: %v, want %q", c.now, err, c.want)
		}
	}
}

// TestCheckProcess: a process that is no container's is found out.
func TestCheckProcess(t *testing.T) {
	if failed := checkProcess(os.Getpid(), "api"); len(failed) == 0 {
		t.Error("the process of this test is taken for one in a container")
	}
}
