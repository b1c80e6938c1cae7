package config_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mainstem/mainstem/platform/config"
)

type settings struct {
	Listen  string            `yaml:"listen" desc:"Where to listen."`
	Debug   bool              `yaml:"debug"`
	Level   slog.Level        `yaml:"level"`
	Ratio   float64           `yaml:"ratio"`
	Origins []string          `yaml:"origins"`
	Codes   []int             `yaml:"codes"`
	Limits  limits            `yaml:"limits"`
	Labels  map[string]string `yaml:"labels"`
	Sources map[string]source `yaml:"sources"`
	Key     config.Secret     `yaml:"key"`
	Extra   any               `yaml:"-"`
}

type limits struct {
	MaxBodyBytes config.Bytes    `yaml:"maxBodyBytes"`
	Deadline     config.Duration `yaml:"deadline"`
	Small        uint8           `yaml:"small"`
}

type source struct {
	URL    string `yaml:"url" jsonschema_description:"Where the service is."`
	policy        // its settings stand among the source's own
}

type policy struct {
	Timeout  time.Duration `yaml:"timeout"`
	Attempts int           `yaml:"attempts"`
}

func (s source) Validate() error {
	var problems config.Problems
	if s.URL == "" {
		problems = append(problems, config.Problem{Path: "url", Message: "a URL is wanted"})
	}
	if s.Attempts < 1 {
		problems = append(problems, config.Problem{Path: "attempts", Message: "at least 1 is wanted"})
	}
	return problems
}

func (l limits) Validate() error {
	if l.Small == 13 {
		return errors.New("small is unlucky")
	}
	return nil
}

func defaults() settings {
	return settings{
		Listen: ":8080", Ratio: 1, Origins: []string{"https://a.example"},
		Limits:  limits{MaxBodyBytes: 1 << 20, Deadline: config.Duration(5 * time.Second)},
		Sources: map[string]source{"catalog": {URL: "http://catalog", policy: policy{Timeout: time.Second, Attempts: 3}}},
	}
}

func with(change func(*settings)) settings {
	s := defaults()
	change(&s)
	return s
}

// load writes the text to mainstem.yaml, beside a secret's file, and loads it.
func load(t *testing.T, text string, environ ...string) (settings, error) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "key.txt"), "hunter2\n")
	write(t, filepath.Join(dir, "empty.txt"), "\n")
	file := filepath.Join(dir, "mainstem.yaml")
	write(t, file, text)
	for i := range environ {
		environ[i] = strings.ReplaceAll(environ[i], "DIR/", dir+"/")
	}
	got, err := config.Load(file, environ, defaults())
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), dir+"/", ""))
	}
	return got, err
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var compare = cmp.Options{
	cmp.AllowUnexported(source{}, policy{}), cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b config.Secret) bool { return a.Reveal() == b.Reveal() && a.IsZero() == b.IsZero() }),
}

func TestLoad(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file    string
		environ []string
		want    settings
	}{
		"an empty file leaves the defaults":           {"", nil, defaults()},
		"a file of comments leaves the defaults":      {"# nothing\n", nil, defaults()},
		"a document marker is no second document":     {"---\ndebug: true\n", nil, with(func(s *settings) { s.Debug = true })},
		"a key with nothing below leaves the default": {"limits:\n  # maxBodyBytes: 8MiB\nsources:\norigins:\n", nil, defaults()},
		"every kind of value is read": {
			`listen: "127.0.0.1:80"
debug: true
level: warn
ratio: 0.5
origins: [https://b.example, 'null']
codes: [1, 2]
limits:
  maxBodyBytes: 8MiB
  deadline: 1m30s
  small: 255
labels: {team-a: blue, b_2: "1"}
key: {file: key.txt}
`, nil, with(func(s *settings) {
				s.Listen, s.Debug, s.Level, s.Ratio = "127.0.0.1:80", true, slog.LevelWarn, 0.5
				s.Origins, s.Codes = []string{"https://b.example", "null"}, []int{1, 2}
				s.Limits = limits{8 << 20, config.Duration(90 * time.Second), 255}
				s.Labels = map[string]string{"team-a": "blue", "b_2": "1"}
				s.Key = config.NewSecret("hunter2")
			}),
		},
		"an entry of a map keeps what it does not say": {
			"sources:\n  catalog: {timeout: 2s}\n  orders:\n    url: http://orders\n    attempts: 1\n", nil,
			with(func(s *settings) {
				catalog := s.Sources["catalog"]
				catalog.Timeout = 2 * time.Second
				s.Sources = map[string]source{"catalog": catalog, "orders": {URL: "http://orders", policy: policy{Attempts: 1}}}
			}),
		},
		"a number of bytes may be plain": {"limits: {maxBodyBytes: 4096}", nil, with(func(s *settings) { s.Limits.MaxBodyBytes = 4096 })},
		"a long string may be folded":    {"listen: >-\n  a\n  b\n", nil, with(func(s *settings) { s.Listen = "a b" })},
		"the environment wins": {"listen: x\nlabels: {team-a: blue}\nlimits: {maxBodyBytes: 1kB}\n", []string{
			"MAINSTEM_LISTEN=:9", "MAINSTEM_DEBUG=true", "MAINSTEM_RATIO=0.25", "MAINSTEM_ORIGINS=https://c.example, https://d.example",
			"MAINSTEM_CODES=", "MAINSTEM_LIMITS_MAX_BODY_BYTES=2MB", "MAINSTEM_LABELS_TEAM_A=red",
			"MAINSTEM_SOURCES_CATALOG_TIMEOUT=7s", "MAINSTEM_KEY=hunter3", "PATH=/bin", "MAINSTEMMED=1",
		}, with(func(s *settings) {
			s.Listen, s.Debug, s.Ratio = ":9", true, 0.25
			s.Origins, s.Labels = []string{"https://c.example", "https://d.example"}, map[string]string{"team-a": "red"}
			s.Limits.MaxBodyBytes = 2e6
			s.Sources["catalog"] = source{"http://catalog", policy{7 * time.Second, 3}}
			s.Key = config.NewSecret("hunter3")
		})},
		"a variable may name a secret's file": {"", []string{"MAINSTEM_KEY_FILE=DIR/key.txt"}, with(func(s *settings) {
			s.Key = config.NewSecret("hunter2")
		})},
		"a secret's own variable is known": {"key: {env: MAINSTEM_SIGNING}", []string{"MAINSTEM_SIGNING=hunter4"}, with(func(s *settings) {
			s.Key = config.NewSecret("hunter4")
		})},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := load(t, test.file, test.environ...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, compare); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file    string
		environ []string
		want    string
	}{
		"an unknown key":                      {"listen: x\nlisten2: y\n", nil, "mainstem.yaml:2:1: there is no setting \"listen2\" here: did you mean listen?\n  2 | listen2: y\n    | ^"},
		"an unknown key within":               {"limits:\n  deadlin: 5s\n", nil, "mainstem.yaml:2:3: limits: there is no setting \"deadlin\" here: did you mean deadline?\n  2 |   deadlin: 5s\n    |   ^"},
		"a field that is not a setting":       {"Extra: 1\n", nil, "mainstem.yaml:1:1: there is no setting \"Extra\" here\n  1 | Extra: 1\n    | ^"},
		"a key said twice":                    {"debug: true\ndebug: false\n", nil, "mainstem.yaml:2:1: mapping key \"debug\" already defined at [1:1]\n  2 | debug: false\n    | ^"},
		"broken YAML":                         {"origins: [a\n", nil, "mainstem.yaml:1:10: sequence end token ']' not found\n  1 | origins: [a\n    |          ^"},
		"two documents":                       {"debug: true\n---\ndebug: false\n", nil, "a second document: settings are one"},
		"an alias":                            {"listen: &x a\norigins: [*x]\n", nil, "mainstem.yaml:1:9: anchors and aliases are not understood"},
		"a tag":                               {"listen: !!str 5\n", nil, "is not understood in settings"},
		"a number for a string":               {"listen: 8080\n", nil, "mainstem.yaml:1:9: listen: a string is wanted: put it in quotes\n  1 | listen: 8080\n    |         ^"},
		"a truth value for a string":          {"listen: true\n", nil, "a string is wanted: put it in quotes"},
		"a string for a number":               {"ratio: \"1\"\n", nil, "ratio: leave the quotes out"},
		"a word for a truth value":            {"debug: yes\n", nil, "debug: \"yes\" is neither true nor false"},
		"a fraction for a whole number":       {"codes: [1.5]\n", nil, "codes: \"1.5\" is not a whole number"},
		"a number that does not fit":          {"limits: {small: 256}\n", nil, "limits.small: \"256\" is not between 0 and 255"},
		"infinity":                            {"ratio: .inf\n", nil, "ratio: \".inf\" is not a number"},
		"a duration without a unit":           {"limits: {deadline: 5}\n", nil, "limits.deadline: \"5\" is not a duration such as 300ms, 5s or 1h30m"},
		"a negative duration":                 {"sources: {catalog: {timeout: -5s}}\n", nil, "sources.catalog.timeout: \"-5s\" is negative"},
		"an unknown unit of bytes":            {"limits: {maxBodyBytes: 8Mi}\n", nil, "\"8Mi\" is not a number of bytes such as 4096, 512KiB or 8MB"},
		"too many bytes":                      {"limits: {maxBodyBytes: 9000000TiB}\n", nil, "\"9000000TiB\" is more than 1024TiB"},
		"more bytes than there are numbers":   {"limits: {maxBodyBytes: 99999999999999999999}\n", nil, "\"99999999999999999999\" is more than 1024TiB"},
		"an unknown word for a text type":     {"level: loud\n", nil, "level: slog: level string \"loud\": unknown name"},
		"a missing value":                     {"listen:\n", nil, "mainstem.yaml:1:9: listen: the value is missing"},
		"a list for a single value":           {"listen: [a]\n", nil, "listen: a single value is wanted, not a sequence"},
		"a single value for a list":           {"origins: a\n", nil, "origins: a list is wanted"},
		"a single value for a struct":         {"limits: a\n", nil, "limits: names with values are wanted"},
		"a list within a list":                {"origins:\n - - a\n", nil, "a list within a list is not understood"},
		"deep brackets":                       {strings.Repeat("[", 100000), nil, "too many brackets within brackets"},
		"a strange name in a map":             {"labels: {a.b: c}\n", nil, "\"a.b\" is not a name"},
		"a secret in the file":                {"key: hunter2\n", nil, "mainstem.yaml:1:6: key: a secret does not stand in the settings: write {file: path} or {env: NAME}"},
		"a secret from elsewhere":             {"key: {vault: x}\n", nil, "key: \"vault\" is neither file nor env"},
		"a secret's file that is not there":   {"key: {file: no.txt}\n", nil, "key: the secret cannot be read: open no.txt: no such file or directory"},
		"an empty secret":                     {"key: {file: empty.txt}\n", nil, "key: the secret's file empty.txt is empty"},
		"a secret's variable that is not set": {"key: {env: NO}\n", nil, "key: the secret's variable NO is not set"},
		"a secret set twice":                  {"", []string{"MAINSTEM_KEY=a", "MAINSTEM_KEY_FILE=DIR/key.txt"}, "MAINSTEM_KEY: key: both MAINSTEM_KEY and MAINSTEM_KEY_FILE are set"},
		"an unknown variable":                 {"", []string{"MAINSTEM_LISTE=:9"}, "MAINSTEM_LISTE: there is no such setting: did you mean MAINSTEM_LISTEN"},
		"a variable for a new entry":          {"", []string{"MAINSTEM_SOURCES_ORDERS_URL=x"}, "MAINSTEM_SOURCES_ORDERS_URL: there is no such setting"},
		"a bad value in a variable":           {"", []string{"MAINSTEM_DEBUG=1"}, "MAINSTEM_DEBUG: debug: \"1\" is neither true nor false"},
		"a value that fails its own check":    {"sources:\n  orders:\n    url: http://x\n    attempts: 0\n", nil, "mainstem.yaml:4:15: sources.orders.attempts: at least 1 is wanted\n  4 |     attempts: 0\n    |               ^"},
		"a value that is not said":            {"sources:\n  orders:\n    attempts: 1\n", nil, "mainstem.yaml:3:5: sources.orders.url: a URL is wanted"},
		"a variable that fails the check":     {"", []string{"MAINSTEM_SOURCES_CATALOG_URL="}, "MAINSTEM_SOURCES_CATALOG_URL: sources.catalog.url: a URL is wanted"},
		"any error of a check":                {"limits: {small: 13}\n", nil, "mainstem.yaml:1:9: limits: small is unlucky"},
		"one variable for two values":         {"labels: {a-b: x, a_b: y}\n", nil, "labels.a-b would be set by MAINSTEM_LABELS_A_B too: take another name"},
		"a file that is too large":            {strings.Repeat("#", 1<<20), nil, "config: mainstem.yaml is larger than 262144 bytes"},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, test.file, test.environ...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got:\n%v\nwant:\n%s", err, test.want)
			}
		})
	}
}

func TestLoadReportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	write(t, file, "liste: x\ndebug: maybe\nlimits: {small: -1}\n")
	_, err := config.Load(file, nil, defaults())
	problems, ok := errors.AsType[config.Problems](err)
	if !ok || len(problems) != 3 {
		t.Fatalf("got %v, want three problems", err)
	}
	if p, ok := errors.AsType[config.Problem](err); !ok || p.Where != file+":1:1" {
		t.Errorf("first problem: %+v", p)
	}
}

func TestLoadLeavesTheDefaultsAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	write(t, file, "sources: {catalog: {attempts: 9}, orders: {url: x, attempts: 1}}\n")
	shared := defaults()
	if _, err := config.Load(file, []string{"MAINSTEM_SOURCES_CATALOG_URL=y"}, shared); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(defaults(), shared, compare); diff != "" {
		t.Errorf("defaults have changed (-want +got):\n%s", diff)
	}
}

func TestSettingsShareNothingWithTheDefaults(t *testing.T) {
	t.Parallel()
	shared := defaults()
	shared.Labels = map[string]string{"team": "blue"}
	got, err := config.Load("", nil, shared)
	if err != nil {
		t.Fatal(err)
	}
	got.Origins[0] = "https://changed.example"
	got.Labels["team"] = "red"
	got.Sources["catalog"] = source{}
	want := defaults()
	want.Labels = map[string]string{"team": "blue"}
	if diff := cmp.Diff(want, shared, compare); diff != "" {
		t.Errorf("defaults have changed (-want +got):\n%s", diff)
	}
}

func TestLoadRefusesSettingsThatItCannotSet(t *testing.T) {
	t.Parallel()
	tests := map[string]func() error{
		"no struct": func() error { _, err := config.Load("", nil, 5); return err },
		"a field's type": func() error {
			_, err := config.Load("", nil, struct {
				C chan int `yaml:"c"`
			}{})
			return err
		},
		"structs by list": func() error {
			_, err := config.Load("", nil, struct {
				L []limits `yaml:"l"`
			}{})
			return err
		},
		"no name":      func() error { _, err := config.Load("", nil, struct{ Name string }{}); return err },
		"no such file": func() error { _, err := config.Load("/no/such.yaml", nil, limits{}); return err },
	}
	for reason, refused := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if refused() == nil {
				t.Error("there is no error")
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen: x\nsources:\n  catalog: {url: http://x, timeout: 1s}\n", "LISTEN", "y")
	f.Add("key: {env: HOME}\norigins:\n- a\n- 'b'\nlimits: {maxBodyBytes: 8MiB}\n", "SOURCES_CATALOG_TIMEOUT", "1s")
	f.Add("a: [{b: |\n c", "KEY_FILE", "/dev/null")
	f.Fuzz(func(t *testing.T, text, name, value string) {
		file := filepath.Join(t.TempDir(), "m.yaml")
		write(t, file, text)
		got, err := config.Load(file, []string{config.Prefix + name + "=" + value}, defaults())
		if err != nil && err.Error() == "" {
			t.Error("the error says nothing")
		}
		if err == nil && got.Sources["catalog"].URL == "" {
			t.Error("what was checked is not valid")
		}
	})
}

// address is a setting that may hold a password.
type address string

func (address) Discreet() {}

func TestDiscreetLinesAreNotShown(t *testing.T) {
	t.Parallel()
	type settings struct {
		Address address `yaml:"address"`
		Port    int     `yaml:"port"`
	}
	file := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(file, []byte("address: [pa55word]\nport: what\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(file, nil, settings{})
	if err == nil || strings.Contains(err.Error(), "pa55word") || !strings.Contains(err.Error(), "settings.yaml:1:") || !strings.Contains(err.Error(), "port: what") {
		t.Errorf("got %v", err)
	}
}
