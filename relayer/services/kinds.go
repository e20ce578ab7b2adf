package services

import (
	"fmt"
	"slices"
	"strings"
)

var kinds []Service

// Register makes a kind of service available to the providers of this program, by its name in the configuration. A program registers what it provides before it
// hands over to relayer/cli (docs/guides/service-types.md). Two kinds of one name are a mistake in the program.
func Register(s Service) {
	if slices.ContainsFunc(kinds, func(k Service) bool { return k.Name() == s.Name() }) {
		panic("service " + s.Name() + " is registered twice")
	}
	kinds = append(kinds, s)
}

// Find answers the service of a name, or an error that says which there are.
func Find(name string) (Service, error) {
	names := make([]string, len(kinds))
	for i, s := range kinds {
		if s.Name() == name {
			return s, nil
		}
		names[i] = s.Name()
	}
	return nil, fmt.Errorf("service %q is unknown; this program provides %s", name, strings.Join(names, ", "))
}
