package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gin-blog/config"
)

// TestNoPartOfAPasswordIsTold: wherever a password has a character that should have been escaped, neither the error nor
// what is printed of the settings holds a part of it.
func TestNoPartOfAPasswordIsTold(t *testing.T) {
	for _, uri := range []string{
		"mongodb://u:hunter1@hunter2/hunter3@host/blog", "mongodb://u:hunter1@hunter2?hunter3=1@host/blog",
		"mongodb://u:hunter1@hunter2@host/blog", "mongodb://u:hunter1@hunter2/hunter3@host",
		"mongodb://u:hunter1/hunter2@host",
		"mongodb://u:hunter1/@host/", "mongodb://hunter1/hunter2@host/blog", "mongodb://u:hunter1:hunter2@host/",
		"mongodb://u:hunter1%hunter2@host/", "mongodb://u:hunter1", "mongodb://u:hunter1/blog", "mongodb://u:hunter1?w=1",
		"mongodb://u:hunter1,hunter2/blog", "mongodb://u%3Ahunter1%40host/blog", "mongodb://hunter1%40host/blog",
		"mongodb+srv://u:hunter1@hunter2/hunter3@host.example/blog", "mongodb+srv://u:hunter1/blog",
		"mongodb://u:hunter1@host:hunter2/blog", "mongodb://u:hunter1@host/?hunter2", "mongodb://u:hunter1@host/?=hunter2",
		"mongodb://u:hunter1@host/?maxPoolSize=hunter2", "mongodb://u:hunter1@host/?readPreference=hunter2",
		"mongodb://u:hunter1@host/?authMechanism=hunter2", "mongodb://u:hunter1@host/?tlsCAFile=/hunter2",
		"mongodb://u:hunter1@host/?tlsCertificateKeyFile=/hunter2&tlsCertificateKeyFilePassword=hunter3",
		"mongodb://u:hunter1@host/?authMechanismProperties=hunter2", "mongodb://u:hunter1@host/?tls=true&ssl=hunter2",
		"mongodb://u:hunter1@host/?hunter2=%zz", "hunter1://u:hunter2@host", "u:hunter1@host",
	} {
		_, err := load(t, "", "MONGO_URI="+uri)
		if err == nil || !strings.Contains(err.Error(), "MONGO_URI ") || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%s: got %v, want an error that names MONGO_URI alone", uri, err)
		}
	}
	for _, uri := range []string{
		"mongodb://hunter1:hunter2@host:1/", "mongodb://u:hunter1?hunter2@host:1/", "mongodb://u:hunter1#hunter2&x=y@host:1/",
		"mongodb://u:hunter1%40hunter2%2Fhunter3@host:1/?authSource=hunter4",
		"mongodb://u:hunter1@host:1/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
		"mongodb://host:1?appName=hunter1",
		"mongodb://u:p@host:1/?tls=true&tlsCertificateKeyFilePassword=hun&hunter2=x", "mongodb://u:p@host:1/?hunter=1",
	} {
		c, err := load(t, "", "MONGO_URI="+uri)
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		told := fmt.Sprint(c.Attrs(), c.Warnings, c.Mongo.Hosts, c.MongoDB)
		if c.Mongo.Hosts != "host:1" || c.MongoDB != "blog" || strings.Contains(told, "hunter") {
			t.Errorf("%s: %s is printed", uri, told)
		}
	}
}

// TestDatabaseNamesAreTold: what is no name of a database in MONGO_URI is not quoted.
func TestDatabaseNamesAreTold(t *testing.T) {
	_, err := load(t, "", "MONGO_URI=mongodb://u:p@host/hunter2.hunter3")
	if err == nil || !strings.Contains(err.Error(), "MONGO_URI must name a database") ||
		strings.Contains(err.Error(), "hunter") {
		t.Errorf("got %v", err)
	}
	c, err := load(t, "", "MONGO_URI=mongodb://u:p@host/$external?authMechanism=PLAIN", "MONGO_DB=site")
	if err != nil || c.MongoDB != "site" {
		t.Errorf("beside MONGO_DB: %+v, %v", c, err)
	}
}

// TestUnknownOptions: an option that the driver would ignore gets one line, without its name and value.
func TestUnknownOptions(t *testing.T) {
	for _, option := range []string{"tsl", "TSL", "useNewUrlParser", "wtimeout"} {
		for address, number := range map[string]int{
			"mongodb://host?": 1, "mongodb://host/?": 1, "mongodb+srv://blog.example/?w=majority&srvMaxHosts=2&": 3,
		} {
			uri := address + option + "=hunter2"
			c, err := load(t, "", "MONGO_URI="+uri)
			if err != nil {
				t.Errorf("%s: %v", uri, err)
				continue
			}
			line := fmt.Sprintf(`MONGO_URI: option number %d has no effect: the driver does not know it`, number)
			if !slices.Equal(c.Warnings, []string{line}) {
				t.Errorf("%s: the warnings are %q, want %q", uri, c.Warnings, line)
			}
		}
	}
	known := "MONGO_URI=mongodb+srv://u:p@blog.example/blog?retryWrites=true&W=majority&APPNAME=x&srvMaxHosts=2;TLS=true"
	if c, err := load(t, "", known); err != nil || len(c.Warnings) > 0 {
		t.Errorf("known options: %q, %v", c.Warnings, err)
	}
}

// TestConnectionStrings: the driver gets a string that it takes, also if other drivers leave more out.
func TestConnectionStrings(t *testing.T) {
	for uri, want := range map[string]config.MongoURI{
		"mongodb://a:1,b/site?replicaSet=rs0": {
			URI: "mongodb://a:1,b/site?replicaSet=rs0", Scheme: "mongodb://", Hosts: "a:1,b", Database: "site"},
		"mongodb://u:p@h:1?replicaSet=rs0": {
			URI: "mongodb://u:p@h:1/?replicaSet=rs0", Scheme: "mongodb://", Hosts: "h:1", Database: "blog"},
		"mongodb://[::1]:27017": {
			URI: "mongodb://[::1]:27017/", Scheme: "mongodb://", Hosts: "[::1]:27017", Database: "blog"},
		"mongodb://%2Ftmp%2Fm.sock/site": {
			URI: "mongodb://%2Ftmp%2Fm.sock/site", Scheme: "mongodb://", Hosts: "/tmp/m.sock", Database: "site"},
	} {
		got, err := config.ParseMongoURI(uri, "")
		if err != nil || fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("%s: got %+v, %v, want %+v", uri, got, err, want)
		}
	}
	for _, uri := range []string{
		"mongodb+srv://a.example,b.example/", "mongodb+srv://a.example:27017/", "mongodb+srv:///", "mongodb://",
	} {
		if _, err := config.ParseMongoURI(uri, ""); err == nil || strings.Contains(err.Error(), "example") {
			t.Errorf("%s: got %v", uri, err)
		}
	}
}
