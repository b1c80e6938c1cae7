package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/mainstem/mainstem/platform/fault"
)

// hostile is a request that asks for more than it may, and how it is to be refused.
type hostile struct {
	body   []byte
	header http.Header
	status int
	code   fault.Code
	limit  string // the limit that refuses it, if one does
}

// hostileRequests are those that come in one piece, by what is wrong with them. Nobody changes them.
var hostileRequests = sync.OnceValue(func() map[string]hostile {
	all := map[string]hostile{}
	for reason, h := range hostileDocuments() {
		all[reason] = hostile{body: h.body, status: http.StatusBadRequest, code: h.code, limit: h.limit}
	}
	for reason, h := range hostileArguments() {
		all[reason] = hostile{body: asBody(h.document, h.variables), status: http.StatusOK, code: fault.BadUserInput}
	}
	spaces := bytes.Repeat([]byte(" "), 16<<20)
	for reason, h := range map[string]hostile{
		"a body over the limit": {body: asBody("{__typename}"+strings.Repeat(" ", 1<<20), "")},
		"a gzip bomb":           {body: bytes.Repeat(gzipped(spaces), 60), header: http.Header{"Content-Encoding": {"gzip"}}},
		"a zstd bomb":           {body: bytes.Repeat(zstded(spaces), 60), header: http.Header{"Content-Encoding": {"zstd"}}},
	} {
		h.status, h.code, h.limit = http.StatusRequestEntityTooLarge, fault.LimitExceeded, "bytes"
		all[reason] = h
	}
	all["a zstd window of 1 GiB"] = hostile{
		body:   []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00}, // RFC 8878, section 3.1.1: no content size, a window of 2^30, an empty last block
		header: http.Header{"Content-Encoding": {"zstd"}}, status: http.StatusBadRequest, code: fault.ParseFailed,
	}
	all["variables 100,000 deep"] = hostile{
		body:   []byte(`{"query":"query($v: ProductFilter) {products(filter: $v) {totalCount}}","variables":{"v":` + deep(100_000, "[", "", "]") + `}}`),
		status: http.StatusBadRequest, code: fault.ParseFailed,
	}
	all["a registration under another's hash"] = hostile{
		body:   registration("{categories{name}}", "{categories{id}}"),
		status: http.StatusBadRequest, code: fault.BadUserInput,
	}
	all["headers of more than 64 KiB"] = hostile{
		body: asBody("{__typename}", ""), header: http.Header{"X-Flood": {strings.Repeat("x", 80<<10)}}, status: http.StatusRequestHeaderFieldsTooLarge,
	}
	return all
})

// hostileDocument is a document that a limit or validation refuses.
type hostileDocument struct {
	document  string
	variables string
	body      []byte // of a request, with both
	code      fault.Code
	limit     string
}

// hostileDocuments are those that are refused before they are executed, by what is wrong with them. Nobody changes them.
var hostileDocuments = sync.OnceValue(func() map[string]hostileDocument {
	all := map[string]hostileDocument{
		"100,000 directives":             {document: "{__typename " + strings.Repeat("@a ", 100_000) + "}", limit: "tokens"},
		"1 MiB of tokens":                {document: "{" + strings.Repeat("a ", 1<<19-1_000) + "}", limit: "tokens"},
		"a list of 100,000":              {document: "{nodes(ids:[" + strings.Repeat(`"a"`, 100_000) + "]){id}}", limit: "tokens"},
		"nested 900 deep":                {document: "{categories" + deep(900, "{parent", "{id}", "}") + "}", limit: "depth"},
		"introspection nested 900 deep":  {document: "{__schema{types" + deep(450, "{fields{type", "{name}", "}}") + "}}", limit: "depth"},
		"many fields at the root":        {document: "{" + strings.Repeat("__typename ", 5_000) + "}", limit: "rootFields"},
		"an alias bomb":                  {document: "{categories{" + times(2_000, "a%d:name ") + "}}", limit: "aliases"},
		"3,000 directives":               {document: "{categories{name " + strings.Repeat("@a ", 3_000) + "}}", limit: "directives"},
		"fragments that fan out to 2^40": {document: "{categories{...F0}}" + fan(40, "...F%[2]d ...F%[2]d"), limit: "fields"},
		"fields that fan out to 2^15":    {document: "{categories{...F0}}" + fan(15, "parent{...F%[2]d} parent{...F%[2]d}"), limit: "fields"},
		"fragments in a long cycle":      {document: "{categories{...F0}}" + fan(500, "...F%[2]d ...F0"), limit: "validationSteps"},
		"pages of pages of pages": {
			document: "{products(first:100){nodes{reviews(first:100){nodes{author{reviews(first:100){totalCount nodes{body}}}}}}}}", limit: "cost",
		},
		"a long list, given to many fields": {
			document:  "query($f: ProductFilter){" + times(50, "a%d:products(filter:$f){totalCount} ") + "}",
			variables: `{"f":{"status":["ACTIVE"` + strings.Repeat(`,"ACTIVE"`, 50_000) + `]}}`, limit: "cost",
		},
		"the schema, again and again": {document: "{__schema{" + times(99, "a%d:types{...T} ") + "}} fragment T on __Type{fields{type{fields{name args{type{name}}}}}}", limit: "cost"},
		"a call for each of 1,000":    {document: "{products(first:100){nodes{reviews(first:10){nodes{author{displayName}}}}}}", limit: "calls"},
	}
	some, err := expand(`"${Product:SKU-000001}"`)
	if err != nil {
		panic(err) // of what the cases have too
	}
	all["a list of 9,000"] = hostileDocument{document: "{nodes(ids:[" + strings.Repeat(some, 9_000) + "]){id}}", limit: "calls"}
	all["a list of 30,000 in variables"] = hostileDocument{
		document: "query($v:[ID!]!){nodes(ids:$v){id}}", variables: `{"v":[` + some + strings.Repeat(","+some, 30_000) + `]}`, limit: "calls",
	}
	for reason, h := range all {
		h.code = fault.LimitExceeded
		all[reason] = h
	}
	invalid := map[string]hostileDocument{
		"nested 4,000 deep":                {document: "{categories" + deep(4_000, "{parent", "{id}", "}") + "}", code: fault.ParseFailed},
		"a fragment that spreads itself":   {document: "{categories{...F}} fragment F on Category{...F}"},
		"fragments in a cycle":             {document: "{categories{...F0}}" + fan(50, "...F%[2]d ...F0")},
		"a text of 900 KB":                 {document: `{product(id:"` + strings.Repeat("a", 900_000) + `"){id}}`, code: fault.BadUserInput},
		"1,000 fields in one place":        {document: "{products{nodes{" + times(1_000, "reviews(first:%d){totalCount} ") + "}}}"},
		"misspelt names in 900 operations": {document: times(900, "query Q%d{...F} ") + "fragment F on Query{product(id:1){" + times(97, strings.Repeat("x", 90)+"%d ") + "}}"},
		"variables 5,000 deep": {
			document: "query($v: ProductFilter) {products(filter: $v) {totalCount}}", variables: `{"v":` + deep(5_000, "[", "", "]") + `}`, code: fault.BadUserInput,
		},
	}
	for reason, h := range invalid {
		if h.code == "" {
			h.code = fault.ValidationFailed
		}
		all[reason] = h
	}
	for reason, h := range all {
		h.body = asBody(h.document, h.variables)
		all[reason] = h
	}
	return all
})

// hostileArguments are operations with arguments that no resolver takes: they are executed, and that field fails before anything is called.
func hostileArguments() map[string]hostileDocument {
	return map[string]hostileDocument{
		"a search of 900 KB": {document: `{products(filter:{search:"` + strings.Repeat("a", 900_000) + `"}){totalCount}}`},
	}
}

// asBody gives the body of a request. Variables are JSON, or nothing.
func asBody(document, variables string) []byte {
	body, err := json.Marshal(map[string]any{"query": document, "variables": json.RawMessage(orNull(variables))})
	if err != nil {
		panic(err) // of texts
	}
	return body
}

func orNull(text string) string {
	if text == "" {
		return "null"
	}
	return text
}

// registration gives the body of a request that registers a document under the hash of a text. An empty document asks for what is registered.
func registration(document, hashed string) []byte {
	sum := sha256.Sum256([]byte(hashed))
	request := map[string]any{"extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}}}
	if document != "" {
		request["query"] = document
	}
	body, err := json.Marshal(request)
	if err != nil {
		panic(err) // of texts
	}
	return body
}

// deep gives text so deep between others.
func deep(n int, before, text, after string) string {
	return strings.Repeat(before, n) + text + strings.Repeat(after, n)
}

// times gives a format with each number below n.
func times(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// fan gives fragments F0, F1 and so on to Fn, each but the last with a body that spreads the next one.
func fan(n int, body string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "fragment F%[1]d on Category{"+body+"}", i, i+1)
	}
	fmt.Fprintf(&b, "fragment F%d on Category{id}", n)
	return b.String()
}

func gzipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		panic(err) // of memory
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func zstded(text []byte) []byte {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // of options that do not fit each other
	}
	defer func() { _ = w.Close() }()
	return w.EncodeAll(text, nil)
}
