package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestWhatIsNotThereIsAskedOnce: where the configuration says that there is no such service, nobody waits for another attempt.
func TestWhatIsNotThereIsAskedOnce(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.TraceScope = "*"
	url := run(t, c) + "/graphql"
	for _, query := range []string{`{ products(first: 1) { totalCount } }`, `{ review(id: \"UmV2aWV3OnJldi0x\") { body } }`} {
		request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"query": "`+query+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Mainstem-Trace", "1")
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !strings.Contains(string(answer), `"code":"SOURCE_UNAVAILABLE"`) || strings.Count(string(answer), `"attempts":[{`) != 1 || strings.Contains(string(answer), `},{`) {
			t.Errorf("one attempt is wanted: %v, %s", err, answer)
		}
	}
}
