package catalog

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// The contract's limits of a list.
const (
	maxSearch    = 200 // characters
	maxLimit     = 100
	defaultLimit = 20
)

// ListProducts gives a page of the products that meet the conditions.
func (s *service) ListProducts(w http.ResponseWriter, r *http.Request, params catalogapi.ListProductsParams) {
	q, err := newQuery(params)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	page, err := s.index.page(q)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	reply(w, r, page)
}

// query is a checked request for a list.
type query struct {
	list     listKey
	words    []string // in lower case
	minPrice int32
	maxPrice int32
	status   statusSet
	limit    int
	after    *string
}

// newQuery checks the parameters and fills in what is left out.
func newQuery(params catalogapi.ListProductsParams) (query, error) {
	q := query{
		list:     listKey{sort: or(params.Sort, catalogapi.SortNewest)},
		minPrice: or(params.MinPrice, 0),
		maxPrice: or(params.MaxPrice, math.MaxInt32),
		limit:    int(or(params.Limit, defaultLimit)),
		after:    params.After,
	}
	search := or(params.Q, "")
	if utf8.RuneCountInString(search) > maxSearch {
		return query{}, fmt.Errorf("q must have at most %d characters", maxSearch)
	}
	q.words = strings.Fields(strings.ToLower(search))
	if params.Category != nil {
		if *params.Category == "" { // it would be all products
			return query{}, errors.New("category must not be empty")
		}
		q.list.category = *params.Category
	}
	if q.minPrice < 0 || q.maxPrice < 0 {
		return query{}, errors.New("min_price and max_price must not be negative")
	}
	if !q.list.sort.Valid() {
		return query{}, fmt.Errorf("sort must not be %q", q.list.sort)
	}
	if q.limit < 1 || q.limit > maxLimit {
		return query{}, fmt.Errorf("limit must be 1 to %d, not %d", maxLimit, q.limit)
	}
	for _, status := range or(params.Status, []catalogapi.ProductStatus{catalogapi.StatusActive}) {
		if !status.Valid() {
			return query{}, fmt.Errorf("status must not be %q", status)
		}
		q.status |= setOf(status)
	}
	return q, nil
}

// or gives a parameter's value, or what the contract says for one that is left out.
func or[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// page walks the whole list, for it has to count. It fails if the cursor is none of the list's order.
func (s *index) page(q query) (catalogapi.ProductPage, error) {
	list := s.lists[q.list]
	start, err := s.start(q, list)
	if err != nil {
		return catalogapi.ProductPage{}, err
	}
	page := catalogapi.ProductPage{Entries: make([]catalogapi.ProductEntry, 0, q.limit)}
	for i := range list {
		if !s.meets(&list[i], &q) {
			continue
		}
		page.Total++
		switch {
		case i < start:
			page.HasPrevious = true
		case len(page.Entries) < q.limit:
			product := s.products[list[i].product]
			page.Entries = append(page.Entries, catalogapi.ProductEntry{Cursor: cursor(q.list.sort, product.Sku), Product: product})
		default:
			page.HasMore = true
		}
	}
	return page, nil
}

// start gives the index in the list of the first product after the cursor. The cursor's product need not be in the list
// itself: what counts is its place among all products.
func (s *index) start(q query, list []place) (int, error) {
	if q.after == nil {
		return 0, nil
	}
	product, ok := s.bySKU[skuOfCursor(q.list.sort, *q.after)]
	if !ok {
		return 0, errors.New("after is not a cursor of this list")
	}
	ranks := s.ranks[q.list.sort]
	return sort.Search(len(list), func(i int) bool { return ranks[list[i].product] > ranks[product] }), nil
}

// meets says whether the product at a place meets the query's conditions.
func (s *index) meets(at *place, q *query) bool {
	if at.status&q.status == 0 || at.price < q.minPrice || at.price > q.maxPrice {
		return false
	}
	for _, word := range q.words {
		if !strings.Contains(s.text[at.product], word) {
			return false
		}
	}
	return true
}

// cursor names a product's place in an order. Products stay in the catalog for good, so the SKU is enough to find it again.
func cursor(order catalogapi.ProductSort, sku string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(order) + ":" + sku))
}

// skuOfCursor reads a cursor; it gives no SKU if it is not one of this order.
func skuOfCursor(order catalogapi.ProductSort, s string) string {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		return ""
	}
	name, sku, _ := strings.Cut(string(raw), ":")
	if name != string(order) {
		return ""
	}
	return sku
}
