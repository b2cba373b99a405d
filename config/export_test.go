package config

// KeptSecret returns the secret in a file as EnsureSecrets does, with another function in place of os.Link.
func KeptSecret(path string, link func(oldPath, newPath string) error) (string, error) {
	return keptSecret(path, link)
}

// OtherNames returns the names that others give to settings.
func OtherNames() map[string]string { return otherNames() }

// MongoOptions returns the options that hints name.
func MongoOptions() []string { return mongoOptions() }
