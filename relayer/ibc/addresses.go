package ibc

import (
	"errors"

	"go.yaml.in/yaml/v3"
)

// Addresses of nodes of one chain, in the order in which they are asked. In YAML a single one may stand without brackets.
type Addresses []string

// UnmarshalYAML reads one address or a list.
func (a *Addresses) UnmarshalYAML(value *yaml.Node) error {
	var list []string
	if value.Kind == yaml.ScalarNode {
		list = make([]string, 1)
		if err := value.Decode(&list[0]); err != nil {
			return err
		}
	} else if err := value.Decode(&list); err != nil {
		return err
	}
	if len(list) == 1 && list[0] == "" {
		list = nil
	}
	seen := map[string]bool{}
	for _, address := range list {
		if address == "" || seen[address] {
			return errors.New("an address of the list is empty or stands there twice")
		}
		seen[address] = true
	}
	*a = list
	return nil
}
