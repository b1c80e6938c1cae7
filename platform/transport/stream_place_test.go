package transport

import "testing"

func TestCallerOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.1:4000":              "192.0.2.1",
		"[::ffff:192.0.2.1]:4000":     "::ffff:192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:4000": "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]:1":         "2001:db8:1:2::/64",
		"[fe80::1%eth0]:4000":         "fe80::/64",
		"@":                           "@",
		"":                            "",
	} {
		if got := callerOf(t.Context(), address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
