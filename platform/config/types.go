package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time such as "5s" or "1h30m", never negative.
type Duration time.Duration

// Std gives the duration as the standard library has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String gives the duration as UnmarshalText reads it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText gives String. It never fails.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads numbers with units, as time.ParseDuration does. The error says what is wanted.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := parseDuration(string(text))
	if err == nil {
		*d = Duration(parsed)
	}
	return err
}

func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration such as 300ms, 5s or 1h30m", text)
	}
	if d < 0 {
		return 0, fmt.Errorf("%q is negative", text)
	}
	return d, nil
}

// Bytes is a number of bytes such as "8MiB", "1MB" or "4096", never negative. It is at most 1024TiB, so that those who add to it need
// not think of overflow.
type Bytes int64

const maxBytes = 1024 << 40

// byteUnits are the units of Bytes, the largest first.
var byteUnits = []struct {
	name string
	size int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6},
	{"KiB", 1 << 10}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1},
}

// String gives the number in the largest unit that divides it, as UnmarshalText reads it.
func (b Bytes) String() string {
	for _, unit := range byteUnits {
		if b != 0 && int64(b)%unit.size == 0 {
			return strconv.FormatInt(int64(b)/unit.size, 10) + unit.name
		}
	}
	return "0"
}

// MarshalText gives String. It never fails.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a whole number, with a unit or without one. The error says what is wanted.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits, size := string(text), int64(1)
	for _, unit := range byteUnits {
		if number, ok := strings.CutSuffix(digits, unit.name); ok {
			digits, size = strings.TrimSpace(number), unit.size
			break
		}
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	if errors.Is(err, strconv.ErrRange) || err == nil && int64(n) > maxBytes/size {
		return fmt.Errorf("%q is more than %s", text, Bytes(maxBytes))
	}
	if err != nil {
		return fmt.Errorf("%q is not a number of bytes such as 4096, 512KiB or 8MB", text)
	}
	*b = Bytes(int64(n) * size)
	return nil
}

// Secret is a value that is never shown: whatever prints, logs or encodes it gives "[redacted]". In the file it is a reference,
// {file: path} or {env: NAME}. It has no way to be read from a text, so that no flag of a command line can hold it.
type Secret struct {
	// A pointer: fmt prints an unexported field of another package's struct without asking its methods.
	value *string
}

// NewSecret makes a secret, for defaults and tests.
func NewSecret(value string) Secret { return Secret{&value} }

const redacted = "[redacted]"

// Reveal gives the value; "" if none was set.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says whether no value was set.
func (s Secret) IsZero() bool { return s.value == nil }

// String gives "[redacted]".
func (Secret) String() string { return redacted }

// GoString gives "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// MarshalText gives "[redacted]" to encoders of JSON, YAML and XML. It never fails.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
