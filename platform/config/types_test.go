package config_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/mainstem/mainstem/platform/config"
)

func TestSecretIsNeverShown(t *testing.T) {
	t.Parallel()
	type holder struct {
		Public config.Secret
		hidden config.Secret
	}
	h := holder{config.NewSecret("hunter2"), config.NewSecret("hunter2")}
	pointer := &h.Public
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
		fmt.Fprintf(&shown, verb+"\n", h)
		fmt.Fprintf(&shown, verb+"\n", h.Public)
		fmt.Fprintf(&shown, verb+"\n", pointer)
	}
	for _, encode := range []func(any) ([]byte, error){json.Marshal, yaml.Marshal, xml.Marshal} {
		text, err := encode(h)
		if err != nil || !strings.Contains(string(text), "[redacted]") {
			t.Errorf("encoded: %s, %v", text, err)
		}
		shown.Write(text)
	}
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "key", h.Public, "holder", h)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "key", h.Public, "holder", h)
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(shown.String(), leak) {
			t.Errorf("the secret is shown:\n%s", shown.String())
		}
	}
	if h.hidden.Reveal() != "hunter2" || (config.Secret{}).Reveal() != "" || !(config.Secret{}).IsZero() || h.Public.IsZero() {
		t.Error("Reveal or IsZero is wrong")
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	tests := map[string]config.Bytes{
		"0": 0, "1B": 1, "999B": 999, "1kB": 1000, "1KiB": 1024, "8MiB": 8 << 20, "3MB": 3e6, "1GiB": 1 << 30, "2GB": 2e9, "1TiB": 1 << 40,
		"1024TiB": 1 << 50,
	}
	for text, size := range tests {
		if got := size.String(); got != text {
			t.Errorf("%d bytes are %q, want %q", size, got, text)
		}
		var read config.Bytes
		if err := read.UnmarshalText([]byte(text)); err != nil || read != size {
			t.Errorf("%q gives %d, %v", text, read, err)
		}
	}
}

func TestBytesAreBounded(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1125899906842625", "1125899906842625B", "1025TiB", "1126TB", "9223372036854775807", "9223372036854775808", "-1", "-1MB"} {
		read := config.Bytes(7)
		if err := read.UnmarshalText([]byte(text)); err == nil || read != 7 {
			t.Errorf("%q gives %d, %v", text, read, err)
		}
	}
}
