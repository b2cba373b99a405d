package config

// OtherNames returns the names that others give to settings.
func OtherNames() map[string]string { return otherNames() }

// MongoOptions returns the options that hints name.
func MongoOptions() []string { return mongoOptions() }
