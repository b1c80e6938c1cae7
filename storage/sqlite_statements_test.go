package storage_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
)

// TestStatementsAreKept: a statement that a connection keeps can run while its own rows are read, and after its table has changed; there may be
// more of them than are kept.
func TestStatementsAreKept(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	var engine dbos.Config
	s.Configure(&engine)
	conn, err := engine.SQLiteSystemDB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to its pool
	must := func(statement string, args ...any) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	must("CREATE TABLE things (n INTEGER PRIMARY KEY)")
	for n := range 3 {
		must("INSERT INTO things VALUES (?1)", n)
	}
	const after = "SELECT n FROM things WHERE n >= ?1 ORDER BY n"
	for range 2 { // kept by the first
		rows, err := conn.QueryContext(t.Context(), after, 0)
		if err != nil {
			t.Fatal(err)
		}
		for want := 0; rows.Next(); want++ {
			var outer, inner int
			if err := rows.Scan(&outer); err != nil || outer != want {
				t.Fatalf("the rows give %d, %v; want %d", outer, err, want)
			}
			if err := conn.QueryRowContext(t.Context(), after, 2).Scan(&inner); err != nil || inner != 2 {
				t.Fatalf("within its own rows it gives %d, %v", inner, err)
			}
		}
		if err := rows.Close(); err != nil || rows.Err() != nil {
			t.Fatal(err, rows.Err())
		}
	}
	must("ALTER TABLE things ADD COLUMN name TEXT DEFAULT 'x'")
	const all = "SELECT * FROM things WHERE n = ?1"
	for range 2 {
		var n int
		var name string
		if err := conn.QueryRowContext(t.Context(), all, 1).Scan(&n, &name); err != nil || n != 1 || name != "x" {
			t.Fatalf("after the table has changed: %d, %q, %v", n, name, err)
		}
		if _, err := conn.ExecContext(t.Context(), "INSERT INTO things VALUES (1, 'again')"); err == nil {
			t.Fatal("a key is there twice")
		}
	}
	for i := range 600 {
		var got int
		if err := conn.QueryRowContext(t.Context(), fmt.Sprintf("SELECT %d", i)).Scan(&got); err != nil || got != i {
			t.Fatalf("%d: %d, %v", i, got, err)
		}
	}
}
