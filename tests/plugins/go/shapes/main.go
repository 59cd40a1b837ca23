// Command shapes prints, as JSON, what the Go types that Argo Rollouts sends to its plugins look like to encoding/gob: each struct with its
// exported fields in order, the name that the field has in JSON, and its type. The provider package reads the result.
package main

import (
	"encoding"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	metrics "github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	steps "github.com/argoproj/argo-rollouts/rollout/steps/plugin/rpc"
	traffic "github.com/argoproj/argo-rollouts/rollout/trafficrouting/plugin/rpc"
)

var (
	gobEncoder    = reflect.TypeFor[gob.GobEncoder]()
	binaryEncoder = reflect.TypeFor[encoding.BinaryMarshaler]()
	unmarshaler   = reflect.TypeFor[json.Unmarshaler]()
	structs       = map[string][][]any{}
	names         = map[reflect.Type]string{}
	taken         = map[string]bool{}
)

// implements asks as gob does: whether the value or a pointer to it has the method.
func implements(t, iface reflect.Type) bool {
	return t.Implements(iface) || reflect.PointerTo(t).Implements(iface)
}

func typeOf(t reflect.Type) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if implements(t, gobEncoder) {
		return "gob:" + t.Name()
	}
	if implements(t, binaryEncoder) {
		return "binary:" + t.Name()
	}
	switch t.Kind() {
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "int"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "uint"
	case reflect.Float32, reflect.Float64:
		return "float"
	case reflect.String:
		return "string"
	case reflect.Interface:
		return "interface"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			if t.Name() == "RawMessage" {
				return "json"
			}
			return "bytes"
		}
		return []any{"slice", typeOf(t.Elem())}
	case reflect.Map:
		return []any{"map", typeOf(t.Key()), typeOf(t.Elem())}
	case reflect.Struct:
		return []any{"struct", structOf(t)}
	}
	panic(fmt.Sprintf("no shape for %s", t))
}

func structOf(t reflect.Type) string {
	if name, ok := names[t]; ok {
		return name
	}
	name := t.Name()
	if taken[name] {
		parts := strings.Split(t.PkgPath(), "/")
		name = parts[len(parts)-2] + "." + parts[len(parts)-1] + "." + name
	}
	if taken[name] {
		panic("two types are called " + name)
	}
	taken[name] = true
	names[t] = name
	fields := [][]any{}
	if implements(t, unmarshaler) && t.Name() != "Metadata" {
		fields = append(fields, []any{"custom JSON"})
	}
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() || field.Type.Kind() == reflect.Func || field.Type.Kind() == reflect.Chan {
			continue
		}
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "" {
			tag = field.Name
		}
		row := []any{field.Name, tag, typeOf(field.Type)}
		if strings.Contains(options, "inline") || (field.Anonymous && field.Tag.Get("json") == "") {
			row[1] = ""
		}
		fields = append(fields, row)
	}
	structs[name] = fields
	return name
}

func main() {
	roots := map[string]any{
		"RunArgs": metrics.RunArgs{}, "TerminateAndResumeArgs": metrics.TerminateAndResumeArgs{},
		"GarbageCollectArgs": metrics.GarbageCollectArgs{}, "GetMetadataArgs": metrics.GetMetadataArgs{},
		"UpdateHashArgs": traffic.UpdateHashArgs{}, "SetWeightAndVerifyWeightArgs": traffic.SetWeightAndVerifyWeightArgs{},
		"SetHeaderArgs": traffic.SetHeaderArgs{}, "SetMirrorArgs": traffic.SetMirrorArgs{}, "RemoveManagedRoutesArgs": traffic.RemoveManagedRoutesArgs{},
		"step.RunArgs": steps.RunArgs{}, "step.TerminateArgs": steps.TerminateArgs{}, "step.AbortArgs": steps.AbortArgs{},
	}
	keys := []string{}
	for key := range roots {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	registered := map[string]any{}
	for _, key := range keys {
		registered[key] = typeOf(reflect.TypeOf(roots[key]))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(map[string]any{"registered": registered, "structs": structs}); err != nil {
		panic(err)
	}
}
