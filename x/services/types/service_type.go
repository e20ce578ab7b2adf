package types

import (
	"regexp"
	"sort"

	errorsmod "cosmossdk.io/errors"
)

const (
	maxMeasures    = 16
	maxDescription = 512
)

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,31}$`)

// StandardTypes are the services in genesis and what their sessions count.
func StandardTypes() []ServiceType {
	return []ServiceType{
		{Name: "cdn", Description: "streams and files from caches", Measures: []string{"kib"}},
		{Name: "iot", Description: "sensor data by topic", Measures: []string{"kib", "message"}},
		{Name: "messaging", Description: "end-to-end encrypted messages, stored until fetched", Measures: []string{"kib", "message"}},
		{Name: "storage", Description: "encrypted content over time", Measures: []string{"kib", "mib-hour"}},
		{Name: "voice", Description: "voice and video calls", Measures: []string{"kib", "second"}},
		{Name: "voip", Description: "calls of SIP phones", Measures: []string{"kib", "second"}},
		{Name: "vpn", Description: "traffic through several hops", Measures: []string{"kib"}},
	}
}

// ValidateTypeName checks the form of a service type's name.
func ValidateTypeName(name string) error {
	if !namePattern.MatchString(name) {
		return errorsmod.Wrapf(ErrInvalid, "type name %q: want 2 to 32 of a-z, 0-9, -", name)
	}
	return nil
}

// Validate checks name, description and measures.
func (t ServiceType) Validate() error {
	if err := ValidateTypeName(t.Name); err != nil {
		return err
	}
	if len(t.Description) > maxDescription {
		return errorsmod.Wrapf(ErrInvalid, "description has %d bytes, at most %d", len(t.Description), maxDescription)
	}
	if len(t.Measures) == 0 || len(t.Measures) > maxMeasures {
		return errorsmod.Wrapf(ErrInvalid, "%d measures, want 1 to %d", len(t.Measures), maxMeasures)
	}
	for i, m := range t.Measures {
		if !namePattern.MatchString(m) {
			return errorsmod.Wrapf(ErrInvalid, "measure %q: want 2 to 32 of a-z, 0-9, -", m)
		}
		if i > 0 && t.Measures[i-1] >= m {
			return errorsmod.Wrapf(ErrInvalid, "measures are not sorted at %q", m)
		}
	}
	return nil
}

// HasMeasure tells whether sessions of the type count m.
func (t ServiceType) HasMeasure(m string) bool {
	i := sort.SearchStrings(t.Measures, m)
	return i < len(t.Measures) && t.Measures[i] == m
}
