package breaking_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	everything := breaking.Break{Latency: 200 * time.Millisecond, Jitter: 50 * time.Millisecond, ErrorRate: 0.3, Down: true, Refuse: true, LoseAnswers: 0.02}
	cases := map[string]struct {
		in   string
		want breaking.Break
	}{
		"every member":            {in: `{"latency":"200ms","jitter":"50ms","errorRate":0.3,"down":true,"refuse":true,"loseAnswers":0.02}`, want: everything},
		"nothing heals":           {in: ` {} `},
		"zero values are allowed": {in: `{"latency":"0s","jitter":"0s","errorRate":0,"down":false,"refuse":false}`},
		"the bounds":              {in: `{"latency":"10m","errorRate":1}`, want: breaking.Break{Latency: 10 * time.Minute, ErrorRate: 1}},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var got breaking.Break
			if err := json.Unmarshal([]byte(c.in), &got); err != nil || got != c.want {
				t.Fatalf("got %v, %v; want %v", got, err, c.want)
			}
			again, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(again, &got); err != nil || got != c.want {
				t.Errorf("written as %s and read again it is %v, %v", again, got, err)
			}
		})
	}
}

func TestJSONIsStrict(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, says string }{
		"a member that is none":      {`{"foo":1}`, `"foo" is no member of a break`},
		"a member in another case":   {`{"Down":true}`, `"Down" is no member`},
		"a member twice":             {`{"down":true,"down":false}`, "duplicate"},
		"a latency without a unit":   {`{"latency":"200"}`, "latency must be a duration such as"},
		"a latency that is a number": {`{"latency":200}`, `latency must be a string such as "200ms"`},
		"a latency below zero":       {`{"latency":"-1s"}`, "latency must be between 0 and 10m0s"},
		"a latency without end":      {`{"latency":"11m"}`, "latency must be between 0 and 10m0s"},
		"a jitter below zero":        {`{"jitter":"-1s"}`, "jitter must be between"},
		"a jitter that is no time":   {`{"jitter":"much"}`, "jitter must be a duration such as"},
		"a rate above one":           {`{"errorRate":30}`, "errorRate must be between 0 and 1, not 30"},
		"a rate below zero":          {`{"errorRate":-0.1}`, "errorRate must be between 0 and 1"},
		"a rate that is a string":    {`{"errorRate":"0.3"}`, "errorRate must be a number between 0 and 1"},
		"a share above one":          {`{"loseAnswers":2}`, "loseAnswers must be between 0 and 1, not 2"},
		"a share that is a string":   {`{"loseAnswers":"0.3"}`, "loseAnswers must be a number between 0 and 1"},
		"a flag that is a string":    {`{"down":"true"}`, "down must be true or false"},
		"no object":                  {`[]`, "a break is a JSON object such as"},
		"null":                       {`null`, "a break is a JSON object such as"},
		"an object that breaks off":  {`{"down":tru`, "one JSON object"},
		"two objects":                {`{"down":true}{}`, "one JSON object"},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := breaking.Break{ErrorRate: 0.5}
			err := got.UnmarshalJSON([]byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want one that says %q", err, c.says)
			}
			if got != (breaking.Break{ErrorRate: 0.5}) {
				t.Errorf("a value that was refused left %v", got)
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		in   string
		want breaking.Break
	}{
		"down":           {"down", breaking.Break{Down: true}},
		"refuse":         {"refuse", breaking.Break{Refuse: true}},
		"slow":           {"slow", breaking.Break{Latency: 10 * time.Second}},
		"a list":         {"latency=2s,jitter=1s,errorRate=0.5", breaking.Break{Latency: 2 * time.Second, Jitter: time.Second, ErrorRate: 0.5}},
		"lost answers":   {"loseAnswers=0.02", breaking.Break{LoseAnswers: 0.02}},
		"spaces":         {" slow , down ", breaking.Break{Latency: 10 * time.Second, Down: true}},
		"the last holds": {"slow,latency=1s", breaking.Break{Latency: time.Second}},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := breaking.Parse(c.in)
			if err != nil || got != c.want {
				t.Fatalf("got %v, %v; want %v", got, err, c.want)
			}
			if again, err := breaking.Parse(got.String()); err != nil || again != got {
				t.Errorf("%q, as String gives it, is read as %v, %v", got, again, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ in, says string }{
		"nothing":                  {"", `"" is none of down, refuse, slow`},
		"an empty part":            {"down,", `"" is none of down, refuse, slow`},
		"another word":             {"gone", `"gone" is none of down, refuse, slow`},
		"a flag with a value":      {"down=true", `"down=true" is none of`},
		"a name without a value":   {"latency", `"latency" is none of`},
		"a duration without unit":  {"latency=2", `latency must be a duration such as 200ms or 2s, not "2"`},
		"a rate that is no number": {"errorRate=half", `errorRate must be a number such as 0.3, not "half"`},
		"a rate that is no share":  {"errorRate=NaN", "errorRate must be between 0 and 1, not NaN"},
		"a share that is too much": {"loseAnswers=1.5", "loseAnswers must be between 0 and 1, not 1.5"},
		"a share that is a word":   {"loseAnswers=some", `loseAnswers must be a number such as 0.3, not "some"`},
		"a latency without end":    {"latency=1h", "latency must be between 0 and 10m0s"},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := breaking.Parse(c.in)
			if err == nil || !strings.Contains(err.Error(), c.says) || !got.Healthy() {
				t.Errorf("got %v, %v; want an error that says %q", got, err, c.says)
			}
		})
	}
}

func FuzzUnmarshalJSON(f *testing.F) {
	f.Add([]byte(`{"latency":"200ms","jitter":"50ms","errorRate":0.3,"down":true,"refuse":true,"loseAnswers":1}`))
	f.Add([]byte(`{"latency":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var b breaking.Break
		if err := b.UnmarshalJSON(data); err != nil {
			return
		}
		again, err := json.Marshal(b)
		if err != nil || b.Validate() != nil {
			t.Fatalf("%q is read as %v: %v, %v", data, b, b.Validate(), err)
		}
		var c breaking.Break
		if err := json.Unmarshal(again, &c); err != nil || c != b {
			t.Fatalf("%v written as %s is read as %v, %v", b, again, c, err)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("latency=2s,jitter=1s,errorRate=0.5")
	f.Add("slow,down,refuse,loseAnswers=0.02")
	f.Fuzz(func(t *testing.T, s string) {
		b, err := breaking.Parse(s)
		if err != nil || b.Healthy() {
			return
		}
		if c, err := breaking.Parse(b.String()); err != nil || c != b {
			t.Fatalf("%q is read as %v, which is read as %v, %v", s, b, c, err)
		}
	})
}
