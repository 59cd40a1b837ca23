// Package internal holds what the test plugins share: serving, and misbehaving on demand.
package internal

import (
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-plugin"
)

// Serve serves one interface as Argo Rollouts looks for it. The first argument of the command line may ask for bad behaviour instead.
func Serve(cookie, name string, implementation plugin.Plugin) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "rubbish":
			fmt.Println("\x1b[31mhello, I am not a plugin")
			time.Sleep(time.Hour)
		case "flood":
			for {
				fmt.Print("no end of line ")
			}
		case "silent":
			time.Sleep(time.Hour)
		case "exit":
			fmt.Fprintln(os.Stderr, "cannot start")
			os.Exit(3)
		case "nowhere":
			fmt.Println("1|1|unix|/nonexistent/socket|netrpc")
			time.Sleep(time.Hour)
		case "grpc":
			fmt.Println("1|1|unix|/nonexistent/socket|grpc")
			time.Sleep(time.Hour)
		case "other-cookie":
			cookie += "-other"
		case "other-version":
			fmt.Println("1|7|unix|/nonexistent/socket|netrpc")
			time.Sleep(time.Hour)
		}
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{
			ProtocolVersion:  1,
			MagicCookieKey:   "ARGO_ROLLOUTS_RPC_PLUGIN",
			MagicCookieValue: cookie,
		},
		Plugins: map[string]plugin.Plugin{name: implementation},
	})
}

// Misbehave does what a configuration asks for in the middle of a call.
func Misbehave(how string) {
	switch how {
	case "die":
		os.Exit(7)
	case "panic":
		panic("asked to")
	case "hang":
		time.Sleep(time.Hour)
	case "print":
		for range 20000 {
			fmt.Println("a line that the plugin prints, of which there are many, so that windows have to be given back")
		}
	}
}
