package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/demo/breaking"
)

// TestKilledWhileStuck: what is stuck stays so while the gateway is dead and after, until an operator has it tried again.
func TestKilledWhileStuck(t *testing.T) {
	t.Parallel()
	x := newGallows(t, "workflows: {wait: 1ms, retry: {attempts: 1, first: 1ms, max: 1ms}, rounds: {first: 1h, max: 1h}, stuckAfter: 1, lease: 1s}\n")
	query := cancelling(t, x, "one-that-gets-stuck")
	before := x.now()
	if err := x.demo.Break("payments", breaking.Break{Down: true}); err != nil {
		t.Fatal(err)
	}
	x.ask(t, query).good(t)
	stuck := x.stuck(t, query)
	x.gateway.kill()
	x.restart(t)
	if again := x.stuck(t, query); again != stuck {
		t.Errorf("it is %s, and after a restart %s", stuck, again)
	}
	list, err := x.command("workflows", "list", "--stuck")
	if err != nil || strings.Count(list, "STUCK") != 1 {
		t.Errorf("there are %s, %v", list, err)
	}
	if err := x.demo.Break("payments", breaking.Break{}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.command("workflows", "retry", "--stuck"); err != nil {
		t.Fatal(err)
	}
	if told := x.told(t, query); told != strings.Replace(stuck, "STUCK", "COMPLETED", 1) {
		t.Errorf("it ends with %s", told)
	}
	want := "map[inventory releaseByReference:1 orders cancelOrder:1 payments refundPayment:1 shipping cancelShipmentById:1]"
	if got := fmt.Sprint(x.effects(before)); got != want {
		t.Errorf("%s took effect, want %s", got, want)
	}
	for _, wrong := range audit(x.demo) {
		t.Error(wrong)
	}
}

// stuck asks the gateway until it says that something is stuck.
func (x *gallows) stuck(t *testing.T, query string) string {
	t.Helper()
	for t.Context().Err() == nil {
		if body := x.ask(t, query).good(t); strings.Contains(body, `"STUCK"`) || !open.MatchString(body) {
			return body
		}
	}
	return ""
}
