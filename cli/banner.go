package cli

import (
	"fmt"
	"os"
	"strings"

	"gin-blog/config"
)

// banner returns what a person at a terminal needs first, in five lines. url is the address of the server.
func banner(c *config.Config, url string) string {
	return fmt.Sprintf(`gin-blog %s listens at %s
  try it   %s/docs
  data     %s
  admin    %s role USERNAME admin
  stop     Ctrl-C
`, version(), url, url, placeOf(c), programName(os.Args[0]))
}

// programName returns how to run the program again that was started as arg0.
func programName(arg0 string) string {
	if strings.Contains(arg0, "go-build") { // where go run keeps what it compiled
		return "go run ."
	}
	return arg0
}
