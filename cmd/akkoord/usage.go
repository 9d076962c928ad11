package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// misused says what is wrong with a command line. Of a value that came from the
// environment it names the variable; one of the settings file goes by its flag.
func misused(err error, args []string) (*kong.Context, error) {
	parse, ok := errors.AsType[*kong.ParseError](err)
	if !ok || parse.Context == nil {
		return nil, usageError{err}
	}
	flag, rest, _ := strings.Cut(err.Error(), " ")
	typed := func(arg string) bool { return arg == flag || strings.HasPrefix(arg, flag+"=") }
	for _, f := range parse.Context.Flags() {
		if "--"+f.Name == flag && !slices.ContainsFunc(args, typed) {
			for _, env := range f.Envs {
				if _, set := os.LookupEnv(env); set {
					return parse.Context, usageError{fmt.Errorf("%s %s", env, rest)}
				}
			}
		}
	}
	return parse.Context, usageError{err}
}

// called gives the words by which a command is called, without what follows them.
func called(c *kong.Context) string {
	words := []string{"akkoord"}
	if c != nil {
		for _, p := range c.Path {
			if p.Command != nil {
				words = append(words, p.Command.Name)
			}
		}
	}
	return strings.Join(words, " ")
}

// settingsFile is the optional YAML file of settings, whose keys are the names of flags
// or those with underscores. The environment wins over it.
type settingsFile map[string]any

func readSettings(r io.Reader) (kong.Resolver, error) {
	values := settingsFile{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && err != io.EOF {
		return nil, fmt.Errorf("the settings file is not YAML: %w", err)
	}
	return values, nil
}

// Validate reports a key that no command has a flag of.
func (s settingsFile) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for nodes := []*kong.Node{app.Node}; len(nodes) > 0; nodes = append(nodes[1:], nodes[0].Children...) {
		for _, f := range nodes[0].Flags {
			known[f.Name] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s)) {
		if !known[strings.ReplaceAll(key, "_", "-")] {
			return fmt.Errorf("the settings file names %q, and there is no such setting; akkoord serve --help lists those there are", key)
		}
	}
	return nil
}

// Resolve gives what the file says of a flag.
func (s settingsFile) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	if v, ok := s[strings.ReplaceAll(flag.Name, "-", "_")]; ok {
		return v, nil
	}
	return s[flag.Name], nil
}
