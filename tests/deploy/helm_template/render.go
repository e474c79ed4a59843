package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

// maxDepth is how often Helm lets one template include itself.
const maxDepth = 1000

type kubeVersion struct{ Version string }

func (v kubeVersion) String() string { return v.Version }

type apiVersions map[string]bool

// Has tells whether the cluster knows an API. Like `helm template`, there is no cluster to ask.
func (v apiVersions) Has(name string) bool { return v[name] }

type capabilities struct {
	KubeVersion kubeVersion
	APIVersions apiVersions
}

// scope is what a template sees as its dot.
func scope(c *chart, values map[string]interface{}, release, namespace, version string) map[string]interface{} {
	return map[string]interface{}{
		"Values": values,
		"Chart":  c.metadata,
		"Files":  c.files,
		"Release": map[string]interface{}{
			"Name": release, "Namespace": namespace, "Service": "Helm", "Revision": 1, "IsInstall": true, "IsUpgrade": false,
		},
		"Capabilities": capabilities{kubeVersion{version}, apiVersions{"v1": true, "apps/v1": true}},
	}
}

func toYAML(value interface{}) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

func fromYAML(text string) (map[string]interface{}, error) {
	value := map[string]interface{}{}
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

func fromYAMLArray(text string) ([]interface{}, error) {
	value := []interface{}{}
	err := yaml.Unmarshal([]byte(text), &value)
	return value, err
}

func fromJSON(text string) (map[string]interface{}, error) {
	value := map[string]interface{}{}
	err := json.Unmarshal([]byte(text), &value)
	return value, err
}

func required(message string, value interface{}) (interface{}, error) {
	if value == nil || value == "" {
		return nil, errors.New(message)
	}
	return value, nil
}

func lookup(apiVersion, kind, namespace, name string) map[string]interface{} {
	return map[string]interface{}{}
}

// functions are sprig's without those that read the environment, and Helm's own. Where Helm swallows an error, as in
// toYaml and fromYaml, it is told here: a test wants to know.
func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	depth := map[string]int{}
	all["include"] = func(name string, data interface{}) (string, error) {
		if depth[name] > maxDepth {
			return "", fmt.Errorf("rendering template has a nested reference name: %s", name)
		}
		depth[name]++
		defer func() { depth[name]-- }()
		var text strings.Builder
		err := root.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	all["tpl"] = func(source string, data interface{}) (string, error) {
		copied, err := root.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := copied.New("tpl").Parse(source)
		if err != nil {
			return "", err
		}
		return execute(parsed, data)
	}
	all["toYaml"], all["fromYaml"], all["fromYamlArray"] = toYAML, fromYAML, fromYAMLArray
	all["fromJson"] = fromJSON
	all["required"], all["lookup"] = required, lookup
	return all
}

// execute leaves out what Go prints for a missing key, as Helm does.
func execute(parsed *template.Template, data interface{}) (string, error) {
	var text strings.Builder
	err := parsed.Execute(&text, data)
	return strings.ReplaceAll(text.String(), "<no value>", ""), err
}

// render gives the text of every template by its path, partials left out.
func (c *chart) render(dot map[string]interface{}) (map[string]string, error) {
	root := template.New("chart").Option("missingkey=zero")
	root.Funcs(functions(root))
	names := sortedKeys(c.templates)
	for _, name := range names {
		if _, err := root.New(path.Join(c.metadata.Name, name)).Parse(c.templates[name]); err != nil {
			return nil, err
		}
	}
	rendered := map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		full := path.Join(c.metadata.Name, name)
		dot["Template"] = map[string]interface{}{"Name": full, "BasePath": path.Join(c.metadata.Name, "templates")}
		text, err := execute(root.Lookup(full), dot)
		if err != nil {
			return nil, err
		}
		rendered[full] = text
	}
	return rendered, nil
}
