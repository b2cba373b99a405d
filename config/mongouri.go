package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"
)

const (
	mongoScheme = "mongodb://"
	srvScheme   = "mongodb+srv://" // for a name by which the DNS knows the hosts
)

// MongoURI is a MongoDB connection string. It may hold a password, so only its hosts and its database are printed.
type MongoURI struct {
	URI      string // as the driver reads it
	Scheme   string // with "://"
	Hosts    string // with commas between them
	Database string // blog if the string names none
	// Warnings number the options that have no effect, a line each, without their names and values.
	Warnings []string
}

// What is wrong with a connection string, to be read after its name. If its password has a character that should have
// been escaped, any part of the string may be a part of the password. So these errors quote nothing.
var (
	errScheme  = errors.New("must start with mongodb:// or mongodb+srv://")
	errAddress = errors.New("must be like mongodb://USER:PASSWORD@HOST:PORT/DATABASE?OPTION=VALUE; " +
		"in the user, the password and the options, MongoDB wants % as %25, / as %2F, : as %3A and @ as %40")
	errSRVHost = errors.New("must name one host after mongodb+srv://, without a port")
	errOptions = errors.New("has options that the driver refuses: each must be like OPTION=VALUE, " +
		"and they must fit together")
	errDatabaseName = errors.New("must name a database of " + databaseNameForm)
)

// ParseMongoURI reads a connection string. It looks no host up. If database is set, it takes the place of the one in
// the string.
func ParseMongoURI(uri, database string) (*MongoURI, error) {
	scheme, rest, _ := strings.Cut(uri, "://")
	m := &MongoURI{Scheme: scheme + "://"}
	if m.Scheme != mongoScheme && m.Scheme != srvScheme {
		return nil, errScheme
	}
	if strings.Count(rest, "@") > 1 {
		return nil, errAddress
	}
	user := rest[:strings.Index(rest, "@")+1]
	address, query, _ := strings.Cut(rest[len(user):], "?")
	if !strings.Contains(address, "/") { // other drivers take that too
		address += "/"
	}
	parsed, err := parseMongo(m.Scheme, user+address, nil)
	if err != nil || strings.Contains(strings.Join(parsed.RawHosts, ""), "@") {
		return nil, errAddress
	}
	if m.Scheme == srvScheme && (len(parsed.RawHosts) != 1 || strings.Contains(parsed.RawHosts[0], ":")) {
		return nil, errSRVHost
	}
	m.Hosts, m.Database = strings.Join(parsed.RawHosts, ","), cmp.Or(database, parsed.Database, "blog")
	m.URI = strings.TrimSuffix(m.Scheme+user+address+"?"+query, "?")
	if m.Warnings, err = checkMongoOptions(m.Scheme, user+address, query); err != nil {
		return nil, err
	}
	if database == "" && !isDatabaseName(m.Database) {
		return nil, errDatabaseName
	}
	return m, nil
}

// databaseNameForm is what isDatabaseName accepts.
const databaseNameForm = `at most 63 characters, none of / \ . " $ * < > : | ? or a space`

// isDatabaseName returns whether MongoDB takes a name for a database.
func isDatabaseName(name string) bool {
	return !strings.ContainsAny(name, `/\. "$*<>:|?`) && len(name) < 64
}

// checkMongoOptions returns a warning for each option in a query that the driver ignores. It names that by its number,
// because its name may be a part of a password. It returns an error if the driver refuses one.
func checkMongoOptions(scheme, address, query string) (warnings []string, err error) {
	pairs := strings.FieldsFunc(query, func(r rune) bool { return r == ';' || r == '&' })
	parsed, err := parseMongo(scheme, address, pairs)
	if err != nil {
		return nil, errOptions
	}
	for i, pair := range pairs {
		if _, ignored := parsed.UnknownOptions[optionName(pair)]; ignored {
			warnings = append(warnings, fmt.Sprintf("option number %d has no effect: the driver does not know it", i+1))
		}
	}
	return warnings, nil
}

// optionName returns the name of an option as the driver compares it.
func optionName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	if unescaped, err := url.QueryUnescape(name); err == nil {
		name = unescaped
	}
	return strings.ToLower(name)
}

// parseMongo parses and checks a connection string as the driver does, but looks no host up.
func parseMongo(scheme, address string, pairs []string) (*connstring.ConnString, error) {
	if scheme == srvScheme { // these two are for that scheme alone, and the other one is parsed
		pairs = slices.DeleteFunc(slices.Clone(pairs), func(pair string) bool {
			return slices.Contains([]string{"srvmaxhosts", "srvservicename"}, optionName(pair))
		})
	}
	uri := mongoScheme + address + "?" + strings.Join(pairs, "&")
	if err := options.Client().ApplyURI(uri).Validate(); err != nil {
		return nil, err
	}
	return connstring.Parse(uri)
}
