package config

// OtherNames are the settings, each with the names that others give to it.
var OtherNames = otherNames
