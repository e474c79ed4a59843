package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/Masterminds/semver"
	"github.com/xeipuuv/gojsonschema"
	"sigs.k8s.io/yaml"
)

// metadata is Chart.yaml, as templates see it under .Chart.
type metadata struct {
	APIVersion  string `json:"apiVersion"`
	Name        string `json:"name"`
	Version     string `json:"version"`
	AppVersion  string `json:"appVersion"`
	KubeVersion string `json:"kubeVersion"`
	Description string `json:"description"`
	Type        string `json:"type"`
	Home        string `json:"home"`
}

type chart struct {
	metadata  metadata
	values    map[string]interface{}
	schema    []byte
	templates map[string]string
	files     files
}

// files is what templates see under .Files.
type files map[string][]byte

// Get returns a file's text, empty when there is none.
func (f files) Get(name string) string { return string(f[name]) }

// Glob returns the files whose whole path fits; a * ends at a slash. Helm's ** is not known here, and an error.
func (f files) Glob(pattern string) (files, error) {
	if strings.Contains(pattern, "**") {
		return nil, fmt.Errorf("helm_template knows no ** in %q", pattern)
	}
	found := files{}
	for name, content := range f {
		fits, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if fits {
			found[name] = content
		}
	}
	return found, nil
}

// readTree reads all files below a directory, through symbolic links as Helm does.
func readTree(root, below string, into files) error {
	entries, err := os.ReadDir(filepath.Join(root, below))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := path.Join(below, entry.Name())
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if info.IsDir() {
			err = readTree(root, name, into)
		} else {
			into[name], err = os.ReadFile(filepath.Join(root, name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func loadChart(directory string) (*chart, error) {
	all := files{}
	if err := readTree(directory, "", all); err != nil {
		return nil, err
	}
	loaded := &chart{values: map[string]interface{}{}, templates: map[string]string{}, files: files{}}
	for name, content := range all {
		var err error
		switch {
		case name == "Chart.yaml":
			err = yaml.UnmarshalStrict(content, &loaded.metadata)
		case name == "values.yaml":
			err = yaml.Unmarshal(content, &loaded.values)
		case name == "values.schema.json":
			loaded.schema = content
		case strings.HasPrefix(name, "templates/"):
			loaded.templates[name] = string(content)
		default:
			loaded.files[name] = content
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	return loaded, nil
}

func (c *chart) checkKubeVersion(version string) error {
	cluster, err := semver.NewVersion(version)
	if err != nil {
		return err
	}
	wanted, err := semver.NewConstraint(c.metadata.KubeVersion)
	if err != nil {
		return fmt.Errorf("Chart.yaml: kubeVersion: %w", err)
	}
	if !wanted.Check(cluster) {
		return fmt.Errorf("chart requires kubeVersion: %s which is incompatible with Kubernetes %s", c.metadata.KubeVersion, version)
	}
	return nil
}

func (c *chart) checkValues(values map[string]interface{}) error {
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(c.schema), gojsonschema.NewGoLoader(values))
	if err != nil {
		return fmt.Errorf("values.schema.json: %w", err)
	}
	if result.Valid() {
		return nil
	}
	var text strings.Builder
	for _, one := range result.Errors() {
		fmt.Fprintf(&text, "- %s\n", one)
	}
	return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\n%s:\n%s",
		c.metadata.Name, text.String())
}

// mergeFiles lays the upper file's values over the lower's. A null stays: it takes the chart's default away later.
func mergeFiles(upper, lower map[string]interface{}) map[string]interface{} {
	merged := map[string]interface{}{}
	for key, value := range lower {
		merged[key] = value
	}
	for key, value := range upper {
		above, aboveIsMap := value.(map[string]interface{})
		below, belowIsMap := merged[key].(map[string]interface{})
		if aboveIsMap && belowIsMap {
			value = mergeFiles(above, below)
		}
		merged[key] = value
	}
	return merged
}

// coalesce lays the given values over the chart's defaults; a null takes its default away.
func coalesce(given, defaults map[string]interface{}) map[string]interface{} {
	merged := mergeFiles(given, defaults)
	for key, value := range merged {
		if value == nil {
			delete(merged, key)
		} else if inner, isMap := value.(map[string]interface{}); isMap {
			merged[key] = coalesce(inner, nil)
		}
	}
	return merged
}

func sortedKeys(of map[string]string) []string {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
