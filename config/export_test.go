package config

// OtherNames returns the names that others give to settings.
func OtherNames() map[string]string { return otherNames() }
