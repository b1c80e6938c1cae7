package config_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

type shown struct {
	URL    string                `yaml:"url"`
	Wait   config.Duration       `yaml:"wait"`
	Size   config.Bytes          `yaml:"size"`
	Key    config.Secret         `yaml:"key"`
	None   config.Secret         `yaml:"none"`
	Tokens int                   `yaml:"tokens"`
	List   []string              `yaml:"list"`
	Inner  map[string]shownInMap `yaml:"inner"`
	Hidden func()                `yaml:"-"`
	Nested struct {
		On bool `yaml:"on"`
	} `yaml:"nested"`
}

type shownInMap struct {
	Key config.Secret `yaml:"key"`
}

func TestShow(t *testing.T) {
	t.Parallel()
	s := shown{
		URL: "http://ada:pa55@example.com", Wait: config.Duration(time.Second), Size: 1 << 20, Key: config.NewSecret("pa55"), Tokens: 100,
		List: []string{"ada@example.com"}, Inner: map[string]shownInMap{"a": {config.NewSecret("pa55")}},
	}
	all, err := config.Show(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(all)
	const want = `{"inner":{"a":{"key":"[redacted]"}},"key":"[redacted]","list":["[redacted]"],"nested":{"on":false},"none":"","size":"1MiB","tokens":100,` +
		`"url":"http://[redacted]@example.com","wait":"1s"}`
	if err != nil || string(got) != want {
		t.Errorf("%v, got\n%s\nwant\n%s", err, got, want)
	}
	if _, err := config.Show(7); err == nil {
		t.Error("a number is shown as settings")
	}
}
