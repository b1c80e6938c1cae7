package catalog_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

// productOutOfRange has what the contract excludes of the product at a place of an answer.
func productOutOfRange(at string) map[string]any {
	return map[string]any{
		at + "/sku": sourcestest.Several{"", "../x", strings.Repeat("S", 129)}, at + "/category_id": sourcestest.Several{"", "../x"},
		at + "/name": "", at + "/brand": "", at + "/price/minor_units": -1, at + "/price/currency": sourcestest.Several{"", "EU", "eur", "EURO"},
		at + "/images/0/url": sourcestest.Several{"", "/1.jpg", "javascript:alert(1)"},
	}
}

func TestSource(t *testing.T) {
	productsRequired := []string{"/products/0/sku", "/products/0/name", "/products/0/price/minor_units", "/products/0/images/0/url", "/products/0/created_at"}
	categoryOutOfRange := map[string]any{
		"/categories/0/id": sourcestest.Several{"", "../x"}, "/categories/0/parent_id": sourcestest.Several{"", "../x"},
		"/categories/0/name": "", "/categories/0/slug": sourcestest.Several{"", "Dining", "dining tables", "../x", "a--b", "-a"},
	}
	pageOutOfRange := productOutOfRange("/entries/0/product")
	pageOutOfRange["/total"] = -1
	pageOutOfRange["/entries/0/cursor"] = sourcestest.Several{"", "a\nb", "ä", strings.Repeat("c", 201)}
	sourcestest.REST(t, catalog.Inputs, func(h *upstream.HTTP) []sourcestest.Call {
		s := catalog.New(h)
		return []sourcestest.Call{
			{
				Name: "Products", Operation: "listProducts", Answer: "page.json",
				Do: func(ctx context.Context) error {
					page, err := s.Products(ctx, catalog.ProductQuery{OrderBy: catalog.OrderNewest, Page: sources.PageArgs{First: 1}})
					return sourcestest.PageFault(page, err)
				},
				Required: []string{"/entries", "/entries/0/cursor", "/entries/0/product/sku", "/entries/0/product/price/currency", "/has_more", "/total"},
				Enums:    []string{"/entries/0/product/status"}, OutOfRange: pageOutOfRange,
			},
			{
				Name: "ProductsOfCategories", Operation: "listProducts", Answer: "page.json", Requests: 2, Absent: true,
				Do: func(ctx context.Context) error {
					_, err := s.ProductsOfCategories(ctx, []catalog.CategoryPage{
						{CategoryID: "CAT-01", OrderBy: catalog.OrderName, Page: sources.PageArgs{First: 1}},
						{CategoryID: "CAT-07", OrderBy: catalog.OrderName, Page: sources.PageArgs{First: 1}},
					})
					return err
				},
				Required: []string{"/entries", "/has_previous"}, OutOfRange: map[string]any{"/total": -1},
			},
			{
				Name: "ProductsBySKU", Operation: "batchGetProducts", Answer: "products.json",
				Do: func(ctx context.Context) error {
					_, err := s.ProductsBySKU(ctx, []string{"SKU-000017", "SKU-000018"})
					return err
				},
				Required: append(productsRequired, "/products"),
				Enums:    []string{"/products/0/status"}, OutOfRange: productOutOfRange("/products/0"),
			},
			{
				Name: "CategoriesByID", Operation: "batchGetCategories", Answer: "categories.json",
				Do: func(ctx context.Context) error {
					_, err := s.CategoriesByID(ctx, []string{"CAT-07"})
					return err
				},
				Required: []string{"/categories", "/categories/0/id", "/categories/0/name", "/categories/0/slug"}, OutOfRange: categoryOutOfRange,
			},
			{
				Name: "Categories", Operation: "listCategories", Answer: "categories.json",
				Do: func(ctx context.Context) error {
					_, err := s.Categories(ctx)
					return err
				},
				Required: []string{"/categories", "/categories/0/id", "/categories/0/description"}, OutOfRange: categoryOutOfRange,
			},
		}
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{}, catalog.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

func recorded(t *testing.T, file string) string {
	t.Helper()
	answer, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// recordedEntry gives the entry of page.json.
func recordedEntry(t *testing.T) string {
	t.Helper()
	var page struct{ Entries []json.RawMessage }
	if err := json.Unmarshal([]byte(recorded(t, "page.json")), &page); err != nil {
		t.Fatal(err)
	}
	return string(page.Entries[0])
}

// served gives a source whose service answers everything with a recorded answer, and keeps the last request's URL.
func served(t *testing.T, file string) (s *catalog.Source, url *string) {
	t.Helper()
	return answering(t, recorded(t, file))
}

// answering is served with an answer that was not recorded.
func answering(t *testing.T, answer string) (s *catalog.Source, url *string) {
	t.Helper()
	url = new(string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*url = r.URL.String()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(server.Close)
	h, err := upstream.NewHTTP(upstream.Options{Name: "catalog", URL: server.URL}, catalog.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return catalog.New(h), url
}

func TestProducts(t *testing.T) {
	t.Parallel()
	s, url := served(t, "page.json")
	search, low := "oak table", int32(1000)
	got, err := s.Products(t.Context(), catalog.ProductQuery{
		ProductFilter: catalog.ProductFilter{
			Search: &search, MinPrice: &low, CategoryID: &sources.ID{Type: "Category", Local: "CAT-07"},
			Status: []catalog.ProductStatus{catalog.ProductDiscontinued, catalog.ProductActive},
		},
		OrderBy: catalog.OrderPriceAsc,
		Page:    sources.PageArgs{First: 1, After: "abc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "/products?q=oak+table&category=CAT-07&min_price=1000&status=active&status=discontinued&sort=price_asc&limit=1&after=abc"; *url != want {
		t.Errorf("asked for %s, want %s", *url, want)
	}
	cursor := sources.Cursor(catalog.ProductList, "bmV3ZXN0OlNLVS0wMDAwMTc")
	want := &catalog.ProductConnection{
		Edges: []catalog.ProductEdge{{Cursor: cursor, Item: &catalog.Product{
			ID:          sources.ID{Type: "Product", Local: "SKU-000017"},
			SKU:         "SKU-000017",
			Name:        "Oak table Alma",
			Description: "A table for four people. Solid oak, oiled by hand.",
			Brand:       "Nordholz",
			Price:       sources.Money{Amount: 34900, Currency: "EUR"},
			Status:      catalog.ProductActive,
			Images:      []catalog.Image{{URL: "https://images.example/SKU-000017/1.jpg", Alt: "An oak table for four, seen from above"}},
			CreatedAt:   time.Date(2025, 11, 3, 8, 15, 0, 0, time.UTC),
			UpdatedAt:   time.Date(2026, 1, 20, 16, 40, 12, 0, time.UTC),
			CategoryID:  "CAT-07",
		}}},
		PageInfo:   sources.PageInfo{HasNextPage: true, StartCursor: &cursor, EndCursor: &cursor},
		TotalCount: 311,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCursorThatIsNoneCostsItsEdgeOnly(t *testing.T) {
	t.Parallel()
	for reason, cursor := range map[string]string{"empty": ``, "too long": strings.Repeat("c", 201), "two lines": `a\nb`, "beyond ASCII": `ä`} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			good := recordedEntry(t)
			s, _ := answering(t, `{"entries":[`+good+`,`+strings.Replace(good, "bmV3ZXN0OlNLVS0wMDAwMTc", cursor, 1)+`],"has_more":true,"has_previous":false,"total":2}`)
			page, err := s.Products(t.Context(), catalog.ProductQuery{OrderBy: catalog.OrderNewest, Page: sources.PageArgs{First: 2}})
			if err != nil {
				t.Fatal(err)
			}
			if e := page.Edges[0]; e.Fault != nil || e.Item == nil {
				t.Errorf("the other edge is %+v", e)
			}
			if f := page.Edges[1].Fault; f == nil || f.Code != fault.SourceContractViolation || f.Source != "catalog" || f.Operation != "listProducts" {
				t.Errorf("the edge's fault is %v, want SOURCE_CONTRACT_VIOLATION", f)
			}
		})
	}
}

func TestLongestCursorComesBack(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("c", 200)
	s, url := answering(t, `{"entries":[`+strings.Replace(recordedEntry(t), "bmV3ZXN0OlNLVS0wMDAwMTc", longest, 1)+`],"has_more":true,"has_previous":false,"total":2}`)
	page, err := s.Products(t.Context(), catalog.ProductQuery{OrderBy: catalog.OrderNewest, Page: sources.PageArgs{First: 1}})
	if err != nil {
		t.Fatal(err)
	}
	args, err := sources.NewPageArgs(catalog.ProductList, 1, page.PageInfo.EndCursor)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Products(t.Context(), catalog.ProductQuery{OrderBy: catalog.OrderNewest, Page: args}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(*url, "&after="+longest) {
		t.Errorf("asked for %s", *url)
	}
}

func TestPageThatIsNotTheOneAskedFor(t *testing.T) {
	t.Parallel()
	good := recordedEntry(t)
	for reason, body := range map[string]string{
		"more entries than were asked for": `{"entries":[` + good + `,` + good + `],"has_more":true,"has_previous":false,"total":311}`,
		"less than no product":             `{"entries":[],"has_more":false,"has_previous":false,"total":-1}`,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, body)
			page, err := s.Products(t.Context(), catalog.ProductQuery{OrderBy: catalog.OrderNewest, Page: sources.PageArgs{First: 1}})
			f := fault.From(err)
			if page != nil || f == nil || f.Code != fault.SourceContractViolation || f.Source != "catalog" || f.Operation != "listProducts" {
				t.Errorf("got %v and %v, want SOURCE_CONTRACT_VIOLATION by catalog.listProducts", page, err)
			}
		})
	}
}

func TestProductsRefusesWhatTheCatalogWould(t *testing.T) {
	t.Parallel()
	long, negative := string(make([]byte, 201)), int32(-1)
	for reason, filter := range map[string]catalog.ProductFilter{
		"a search that is too long":    {Search: &long},
		"a negative price":             {MinPrice: &negative},
		"the id of something else":     {CategoryID: &sources.ID{Type: "Product", Local: "SKU-000017"}},
		"a highest price that is none": {MaxPrice: &negative},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, url := served(t, "page.json")
			_, err := s.Products(t.Context(), catalog.ProductQuery{ProductFilter: filter, OrderBy: catalog.OrderNewest, Page: sources.PageArgs{First: 1}})
			if fault.From(err).Code != fault.BadUserInput {
				t.Errorf("got %v, want BAD_USER_INPUT", err)
			}
			if *url != "" {
				t.Errorf("asked for %s", *url)
			}
		})
	}
}

func TestByID(t *testing.T) {
	t.Parallel()
	s, url := served(t, "categories.json")
	got, err := s.CategoriesByID(t.Context(), []string{"CAT-07", "CAT-99"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "/categories/batch?id=CAT-07&id=CAT-99"; *url != want {
		t.Errorf("asked for %s, want %s", *url, want)
	}
	want := map[string]*catalog.Category{"CAT-07": {
		ID: sources.ID{Type: "Category", Local: "CAT-07"}, Name: "Dining tables", Slug: "dining-tables",
		Description: "Tables to eat at, for two to twelve.", ParentID: "CAT-01",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
