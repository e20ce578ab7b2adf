// Package reference renders the settings of a program as Markdown. The settings come from the structs that the program reads them into, so that the
// reference cannot list what the program does not know.
package reference

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Row is one setting.
type Row struct {
	// Key is the dotted path in the file.
	Key string
	// Type for people: text, whole number, duration …
	Type string
	// Default as it would stand in the file.
	Default string
	Text    string
}

// Key is one leaf of a settings struct.
type Key struct {
	// Path is dotted.
	Path string
	Type reflect.Type
}

// Keys are the leaves of a settings struct in the order of its fields, named by the struct tag tag (mapstructure or yaml).
func Keys(t reflect.Type, tag string) []Key { return leaves(t, tag, "") }

func leaves(t reflect.Type, tag, prefix string) []Key {
	var out []Key
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get(tag), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		ft := f.Type
		if ft.Kind() == reflect.Pointer {
			ft = ft.Elem()
		}
		if options == "squash" || options == "inline" {
			out = append(out, leaves(ft, tag, prefix)...)
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		if ft.Kind() == reflect.Struct {
			out = append(out, leaves(ft, tag, prefix+name+".")...)
			continue
		}
		out = append(out, Key{Path: prefix + name, Type: ft})
	}
	return out
}

// TypeName of a setting for people.
func TypeName(t reflect.Type) string {
	if t == reflect.TypeFor[time.Duration]() {
		return "duration"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "whole number ≥ 0"
	case reflect.Slice, reflect.Array:
		return "list"
	case reflect.Map:
		return "table"
	case reflect.String:
		return "text"
	default:
		return "number"
	}
}

// Unexplained are the keys of a reference's tables that have no meaning: each is a hole in the documentation.
func Unexplained(markdown string) []string {
	var keys []string
	for line := range strings.Lines(markdown) {
		row := strings.TrimSpace(line)
		if strings.HasPrefix(row, "| `") && strings.HasSuffix(strings.TrimSpace(strings.TrimSuffix(row, "|")), "|") {
			keys = append(keys, strings.Trim(strings.Fields(row)[1], "`"))
		}
	}
	return keys
}

// Table renders rows, one table per section; a section is all of a key but its last part.
func Table(rows []Row) string {
	var b strings.Builder
	section := "\x00"
	for _, r := range rows {
		head, name := "", r.Key
		if i := strings.LastIndex(r.Key, "."); i >= 0 {
			head, name = r.Key[:i], r.Key[i+1:]
		}
		if head != section {
			section = head
			if head != "" {
				fmt.Fprintf(&b, "\n### `%s`\n", head)
			}
			b.WriteString("\n| key | type | default | meaning |\n|---|---|---|---|\n")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, r.Type, code(r.Default), cell(r.Text))
	}
	return b.String()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + cell(s) + "`"
}

// cell keeps a text inside of its table cell.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
