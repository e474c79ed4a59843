// Command helm_template prints what `helm template` prints, for tests on machines without Helm: a chart's objects for
// given values, with Helm's own rules for values, schemas, versions and template functions (helm.sh/docs/chart_template_guide).
// It knows no dependencies, no library charts, and leaves objects in the order of their files.
//
// Usage: helm_template [--namespace NAME] [--kube-version VERSION] [-f VALUES]... [--notes] RELEASE CHART
package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

type fileList []string

func (l *fileList) String() string { return strings.Join(*l, ",") }

func (l *fileList) Set(name string) error {
	*l = append(*l, name)
	return nil
}

// readValues merges the files over each other, the last on top.
func readValues(files []string) (map[string]interface{}, error) {
	merged := map[string]interface{}{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		values := map[string]interface{}{}
		if err := yaml.Unmarshal(text, &values); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		merged = mergeFiles(values, merged)
	}
	return merged, nil
}

func run() error {
	var valueFiles fileList
	namespace := flag.String("namespace", "default", "of the release")
	kubeVersion := flag.String("kube-version", "v1.32.0", "of the cluster")
	notes := flag.Bool("notes", false, "print the notes instead of the objects")
	flag.Var(&valueFiles, "f", "file of values; may be given several times")
	flag.Parse()
	if flag.NArg() != 2 {
		return fmt.Errorf("usage: helm_template [options] RELEASE CHART")
	}
	chart, err := loadChart(flag.Arg(1))
	if err != nil {
		return err
	}
	given, err := readValues(valueFiles)
	if err != nil {
		return err
	}
	if err := chart.checkKubeVersion(*kubeVersion); err != nil {
		return err
	}
	values := coalesce(given, chart.values)
	if err := chart.checkValues(values); err != nil {
		return err
	}
	rendered, err := chart.render(scope(chart, values, flag.Arg(0), *namespace, *kubeVersion))
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(rendered) {
		text := strings.TrimSpace(rendered[name])
		if isNotes := path.Base(name) == "NOTES.txt"; isNotes != *notes || text == "" {
			continue
		}
		if *notes {
			fmt.Println(text)
		} else {
			fmt.Printf("---\n# Source: %s\n%s\n", name, text)
		}
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
