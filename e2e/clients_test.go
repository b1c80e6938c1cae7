package e2e

import (
	"os"
	osexec "os/exec"
	"testing"
)

// TestClients runs real clients of GraphQL against the storefront. It needs Node and the packages of e2e/clients (npm ci); without them it says so and is
// skipped.
func TestClients(t *testing.T) {
	node, err := osexec.LookPath("node")
	if err != nil {
		t.Skip("NOT RUN: there is no node. Real clients are not tried.")
	}
	if _, err := os.Stat("clients/node_modules"); err != nil {
		t.Skip("NOT RUN: clients/node_modules is not there: run `npm ci` in e2e/clients. Real clients are not tried.")
	}
	s := start(t, options{})
	cmd := osexec.CommandContext(t.Context(), node, "--test", "--test-reporter=spec")
	cmd.Dir = "clients"
	cmd.Env = append(os.Environ(), "GATEWAY="+s.url+"/graphql")
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}
