package catalog_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/catalog"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// furniture is a shop with three categories, two of them below the first, and a hundred tables beside a few special products.
func furniture() *world.World {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	w := &world.World{
		Now: start.AddDate(1, 0, 0),
		Categories: []world.Category{
			{ID: "CAT-01", Name: "furniture", Slug: "furniture", Description: "To live with."},
			{ID: "CAT-02", ParentID: "CAT-01", Name: "Tables", Slug: "tables", Description: "To sit at."},
			{ID: "CAT-03", ParentID: "CAT-01", Name: "Chairs", Slug: "chairs", Description: "To sit on."},
			{ID: "CAT-04", Name: "Lamps", Slug: "lamps", Description: "To see by."},
		},
	}
	add := func(p world.Product) {
		p.SKU = fmt.Sprintf("SKU-%06d", len(w.Products)+1)
		p.CreatedAt = start.AddDate(0, 0, len(w.Products)/2) // two on each day: ties
		p.UpdatedAt = p.CreatedAt.Add(time.Hour)
		p.Images = []world.Image{{URL: "https://images.shop.example/" + p.SKU + ".jpg", Alt: p.Name}}
		w.Products = append(w.Products, p)
	}
	for i := range 100 {
		add(world.Product{
			CategoryID: "CAT-02", Name: fmt.Sprintf("Table %c%d", 'A'+i%7, i%3), Description: "Four legs.", Brand: "Nordholz",
			Price: int32(1000 + 100*(i%5)), Status: "active",
		})
	}
	add(world.Product{CategoryID: "CAT-03", Name: "chair Élan", Description: "Oak, oiled.", Brand: "Sitz", Price: 500, Status: "active"})
	add(world.Product{CategoryID: "CAT-01", Name: "Shelf", Description: "Oak, waxed.", Brand: "Sitz", Price: 800, Status: "active"})
	add(world.Product{CategoryID: "CAT-04", Name: "Lamp", Description: "Bright.", Brand: "Licht", Price: 9000, Status: "announced"})
	add(world.Product{CategoryID: "CAT-04", Name: "Lantern", Description: "Dim.", Brand: "Licht", Price: 0, Status: "discontinued"})
	return w
}

func serve(t *testing.T) (*catalogapi.ClientWithResponses, string) {
	t.Helper()
	server := httptest.NewServer(catalog.New(furniture(), ledger.New()))
	t.Cleanup(server.Close)
	client, err := catalogapi.NewClientWithResponses(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

func list(t *testing.T, client *catalogapi.ClientWithResponses, params catalogapi.ListProductsParams) *catalogapi.ProductPage {
	t.Helper()
	answer, err := client.ListProductsWithResponse(t.Context(), &params)
	if err != nil {
		t.Fatal(err)
	}
	if answer.JSON200 == nil {
		t.Fatalf("status %s: %s", answer.Status(), answer.Body)
	}
	return answer.JSON200
}

func skus(page *catalogapi.ProductPage) []string {
	var all []string
	for _, e := range page.Entries {
		all = append(all, e.Product.Sku)
	}
	return all
}

func TestBatchOfProducts(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	answer, err := client.BatchGetProductsWithResponse(t.Context(), &catalogapi.BatchGetProductsParams{
		Sku: []string{"SKU-000104", "SKU-999999", "SKU-000101", "SKU-000104", ""},
	})
	if err != nil || answer.JSON200 == nil {
		t.Fatalf("status %s: %v", answer.Status(), err)
	}
	products := answer.JSON200.Products
	if len(products) != 2 || products[0].Sku != "SKU-000104" || products[1].Sku != "SKU-000101" {
		t.Fatalf("want the two products that exist, once each, in the order asked for; got %+v", products)
	}
	created := time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)
	want := catalogapi.Product{
		Sku: "SKU-000101", Name: "chair Élan", Description: "Oak, oiled.", Brand: "Sitz",
		Price: catalogapi.Price{MinorUnits: 500, Currency: "EUR"}, Status: catalogapi.StatusActive, CategoryId: "CAT-03",
		Images:    []catalogapi.ProductImage{{Url: "https://images.shop.example/SKU-000101.jpg", Alt: "chair Élan"}},
		CreatedAt: created, UpdatedAt: created.Add(time.Hour),
	}
	if diff := cmp.Diff(want, products[1]); diff != "" {
		t.Error(diff)
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	all, err := client.ListCategoriesWithResponse(t.Context(), nil)
	if err != nil || all.JSON200 == nil {
		t.Fatalf("status %s: %v", all.Status(), err)
	}
	var names []string
	for _, c := range all.JSON200.Categories {
		names = append(names, c.Name)
	}
	if want := []string{"Chairs", "furniture", "Lamps", "Tables"}; !slices.Equal(names, want) {
		t.Errorf("want %v, got %v", want, names)
	}
	some, err := client.BatchGetCategoriesWithResponse(t.Context(), &catalogapi.BatchGetCategoriesParams{
		Id: []string{"CAT-02", "CAT-99", "CAT-01", "CAT-02"},
	})
	if err != nil || some.JSON200 == nil {
		t.Fatalf("status %s: %v", some.Status(), err)
	}
	parent := "CAT-01"
	want := []catalogapi.Category{
		{Id: "CAT-02", ParentId: &parent, Name: "Tables", Slug: "tables", Description: "To sit at."},
		{Id: "CAT-01", Name: "furniture", Slug: "furniture", Description: "To live with."},
	}
	if diff := cmp.Diff(want, some.JSON200.Categories); diff != "" {
		t.Error(diff)
	}
}

func TestConditions(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	type params = catalogapi.ListProductsParams
	const announced, discontinued = catalogapi.StatusAnnounced, catalogapi.StatusDiscontinued
	text := func(s string) *string { return &s }
	amount := func(n int32) *int32 { return &n }
	states := func(s ...catalogapi.ProductStatus) *[]catalogapi.ProductStatus { return &s }
	for reason, test := range map[string]struct {
		params params
		total  int32
		first  []string // of the newest
	}{
		"only what is on sale, unless asked otherwise": {params{}, 102, []string{"SKU-000101", "SKU-000102"}},
		"a category":                       {params{Category: text("CAT-03")}, 1, []string{"SKU-000101"}},
		"a category with those below it":   {params{Category: text("CAT-01")}, 102, []string{"SKU-000101"}},
		"a category that does not exist":   {params{Category: text("CAT-99")}, 0, nil},
		"words regardless of case":         {params{Q: text("OAK")}, 2, []string{"SKU-000101", "SKU-000102"}},
		"every word, wherever it is":       {params{Q: text(" oak  sitz ÉLAN ")}, 1, []string{"SKU-000101"}},
		"words that do not occur together": {params{Q: text("oak nordholz")}, 0, nil},
		"no words":                         {params{Q: text("  ")}, 102, nil},
		"prices with their ends":           {params{MinPrice: amount(500), MaxPrice: amount(800)}, 2, []string{"SKU-000101", "SKU-000102"}},
		"a lowest price above the highest": {params{MinPrice: amount(800), MaxPrice: amount(500)}, 0, nil},
		"a state":                          {params{Status: states(announced)}, 1, []string{"SKU-000103"}},
		"several states":                   {params{Status: states(discontinued, announced)}, 2, []string{"SKU-000103", "SKU-000104"}},
		"all conditions must hold": {
			params{Category: text("CAT-04"), Q: text("licht"), MinPrice: amount(1), Status: states(discontinued)}, 0, nil,
		},
		"a search of as many characters as may": {params{Q: text(strings.Repeat("é", 200))}, 0, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			page := list(t, client, test.params)
			got := skus(page)
			if page.Total != test.total || len(got) < len(test.first) || !slices.Equal(got[:len(test.first)], test.first) {
				t.Errorf("want %d products beginning with %v, got %d: %v", test.total, test.first, page.Total, got)
			}
		})
	}
}

func TestPagingToTheEnd(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	type product = catalogapi.Product
	for order, after := range map[catalogapi.ProductSort]func(a, b product) bool{
		catalogapi.SortNewest:    func(a, b product) bool { return b.CreatedAt.Before(a.CreatedAt) },
		catalogapi.SortName:      func(a, b product) bool { return strings.ToLower(a.Name) < strings.ToLower(b.Name) },
		catalogapi.SortPriceAsc:  func(a, b product) bool { return a.Price.MinorUnits < b.Price.MinorUnits },
		catalogapi.SortPriceDesc: func(a, b product) bool { return a.Price.MinorUnits > b.Price.MinorUnits },
	} {
		t.Run(string(order), func(t *testing.T) {
			t.Parallel()
			limit, category := int32(17), "CAT-02"
			params := catalogapi.ListProductsParams{Sort: &order, Limit: &limit, Category: &category}
			var all []product
			for {
				page := list(t, client, params)
				for _, e := range page.Entries {
					all = append(all, e.Product)
				}
				if page.Total != 100 || page.HasPrevious != (params.After != nil) || page.HasMore != (len(all) < 100) {
					t.Fatalf("after %d products: total %d, previous %v, more %v", len(all), page.Total, page.HasPrevious, page.HasMore)
				}
				if !page.HasMore {
					break
				}
				params.After = &page.Entries[len(page.Entries)-1].Cursor
			}
			for i := 1; i < len(all); i++ {
				a, b := all[i-1], all[i]
				if !after(a, b) && (after(b, a) || a.Sku >= b.Sku) {
					t.Errorf("%s must not stand before %s", a.Sku, b.Sku)
				}
			}
			if len(all) != 100 {
				t.Errorf("want every product once, got %d", len(all))
			}
		})
	}
}

func TestCursorsOutliveTheirFilter(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	whole := list(t, client, catalogapi.ListProductsParams{})
	chairs := "CAT-03"
	page := list(t, client, catalogapi.ListProductsParams{Category: &chairs, After: &whole.Entries[5].Cursor})
	if len(page.Entries) != 0 || !page.HasPrevious || page.HasMore || page.Total != 1 {
		t.Errorf("the only chair stands before the cursor; got %+v", page)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	client, url := serve(t)
	cursor := list(t, client, catalogapi.ListProductsParams{}).Entries[0].Cursor
	for reason, test := range map[string]struct {
		method, path string
		status       int
	}{
		"a page of none":                   {"GET", "/products?limit=0", 400},
		"a page too large":                 {"GET", "/products?limit=101", 400},
		"a limit that is no number":        {"GET", "/products?limit=many", 400},
		"a limit beyond 32 bits":           {"GET", "/products?limit=4294967297", 400},
		"a limit twice":                    {"GET", "/products?limit=1&limit=2", 400},
		"a negative price":                 {"GET", "/products?min_price=-1", 400},
		"a state that does not exist":      {"GET", "/products?status=sold", 400},
		"an order that does not exist":     {"GET", "/products?sort=weight", 400},
		"a category without a name":        {"GET", "/products?category=", 400},
		"a search too long":                {"GET", "/products?q=" + strings.Repeat("a", 201), 400},
		"a cursor that is none":            {"GET", "/products?after=%00", 400},
		"an empty cursor":                  {"GET", "/products?after=", 400},
		"a cursor of another order":        {"GET", "/products?sort=name&after=" + cursor, 400},
		"a cursor of an unknown product":   {"GET", "/products?after=bmV3ZXN0Og", 400},
		"a batch of nothing":               {"GET", "/products/batch", 400},
		"a batch too large":                {"GET", "/products/batch?sku=a" + strings.Repeat("&sku=a", 100), 400},
		"a batch of no categories":         {"GET", "/categories/batch", 400},
		"a batch of too many categories":   {"GET", "/categories/batch?id=a" + strings.Repeat("&id=a", 100), 400},
		"a path that does not exist":       {"GET", "/shelves", 404},
		"a write to what can only be read": {"POST", "/products", 405},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), test.method, url+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := catalogapi.ParseListProductsResponse(response) // its 400 is that of every operation
			if err != nil {
				t.Fatal(err)
			}
			isError := answer.ContentType() == "application/json" && strings.HasPrefix(string(answer.Body), `{"error":"`)
			if answer.StatusCode() != test.status || !isError {
				t.Errorf("want status %d and an error, got %s: %s", test.status, answer.Status(), answer.Body)
			}
		})
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	client, _ := serve(t)
	ask := func(skus []string, tag *string) *catalogapi.BatchGetProductsResponse {
		answer, err := client.BatchGetProductsWithResponse(t.Context(), &catalogapi.BatchGetProductsParams{Sku: skus, IfNoneMatch: tag})
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	tables := []string{"SKU-000001", "SKU-000002"}
	tag := ask(tables, nil).HTTPResponse.Header.Get("ETag")
	for reason, test := range map[string]struct {
		skus        []string
		ifNoneMatch string
		status      int
	}{
		"the tag still holds":            {tables, tag, 304},
		"one of several tags still does": {tables, `"old", W/` + tag, 304},
		"any tag will do":                {tables, "*", 304},
		"no tag holds":                   {tables, `"old"`, 200},
		"the tag is that of other data":  {[]string{"SKU-000003"}, tag, 200},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := ask(test.skus, &test.ifNoneMatch)
			header := answer.HTTPResponse.Header
			if answer.StatusCode() != test.status || (len(answer.Body) == 0) != (test.status == 304) {
				t.Errorf("want status %d, got %s: %s", test.status, answer.Status(), answer.Body)
			}
			if header.Get("Cache-Control") != "public, max-age=60" || (header.Get("ETag") == tag) != slices.Equal(test.skus, tables) {
				t.Errorf("unexpected header %v", header)
			}
		})
	}
}
