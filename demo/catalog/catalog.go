// Package catalog is the demo's catalog: a read-only REST service that reads in batches, pages by cursor and sends ETags.
// Its contract is sources/catalog/openapi.yaml.
package catalog

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/catalog/catalogapi"
)

// maxBatch is the contract's maxItems of a batch.
const maxBatch = 100

// New gives the service over the world's products and categories. It has no commands and leaves the ledger alone. The handler
// is safe for concurrent use.
func New(w *world.World, _ *ledger.Ledger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", unknown)
	return catalogapi.HandlerWithOptions(newService(w), catalogapi.StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusBadRequest, sentenceOf(err))
		},
	})
}

// sentenceOf says what the generated code found wrong with a request's parameters, in words of the contract.
func sentenceOf(err error) string {
	if missing, ok := errors.AsType[*catalogapi.RequiredParamError](err); ok {
		return missing.ParamName + " is missing"
	}
	if several, ok := errors.AsType[*catalogapi.TooManyValuesForParamError](err); ok {
		return several.ParamName + " must occur once"
	}
	if malformed, ok := errors.AsType[*catalogapi.InvalidParamFormatError](err); ok {
		return malformed.ParamName + " cannot be read"
	}
	return "a parameter cannot be read"
}

// service implements the contract's operations. Its data never changes.
type service struct {
	index      *index
	categories []catalogapi.Category // by name
	categoryAt map[string]int        // the index in categories, by id
}

var _ catalogapi.ServerInterface = (*service)(nil)

func newService(w *world.World) *service {
	s := &service{
		index:      newIndex(w),
		categories: make([]catalogapi.Category, 0, len(w.Categories)),
		categoryAt: make(map[string]int, len(w.Categories)),
	}
	for _, c := range w.Categories {
		s.categories = append(s.categories, wireCategory(c))
	}
	slices.SortFunc(s.categories, func(a, b catalogapi.Category) int {
		return compareNames(a.Name, a.Id, b.Name, b.Id)
	})
	for i, c := range s.categories {
		s.categoryAt[c.Id] = i
	}
	return s
}

// BatchGetProducts gives the products with these SKUs.
func (s *service) BatchGetProducts(w http.ResponseWriter, r *http.Request, params catalogapi.BatchGetProductsParams) {
	if !batchFits(w, "sku", params.Sku) {
		return
	}
	answer := catalogapi.ProductBatch{Products: make([]catalogapi.Product, 0, len(params.Sku))}
	for _, sku := range distinct(params.Sku) {
		if i, ok := s.index.bySKU[sku]; ok {
			answer.Products = append(answer.Products, s.index.products[i])
		}
	}
	reply(w, r, answer)
}

// ListCategories gives all categories.
func (s *service) ListCategories(w http.ResponseWriter, r *http.Request, _ catalogapi.ListCategoriesParams) {
	reply(w, r, catalogapi.CategoryBatch{Categories: s.categories})
}

// BatchGetCategories gives the categories with these ids.
func (s *service) BatchGetCategories(w http.ResponseWriter, r *http.Request, params catalogapi.BatchGetCategoriesParams) {
	if !batchFits(w, "id", params.Id) {
		return
	}
	answer := catalogapi.CategoryBatch{Categories: make([]catalogapi.Category, 0, len(params.Id))}
	for _, id := range distinct(params.Id) {
		if i, ok := s.categoryAt[id]; ok {
			answer.Categories = append(answer.Categories, s.categories[i])
		}
	}
	reply(w, r, answer)
}

// batchFits says whether a batch has a size that the contract allows; if not, it has refused the request.
func batchFits(w http.ResponseWriter, parameter string, ids []string) bool {
	if len(ids) < 1 || len(ids) > maxBatch {
		refuse(w, http.StatusBadRequest, fmt.Sprintf("%s must occur 1 to %d times, not %d", parameter, maxBatch, len(ids)))
		return false
	}
	return true
}

// distinct gives each id once, in the order of the first mention.
func distinct(ids []string) []string {
	seen := make(map[string]bool, len(ids))
	var once []string
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			once = append(once, id)
		}
	}
	return once
}

// compareNames orders by name regardless of case, and by id where names are equal.
func compareNames(nameA, idA, nameB, idB string) int {
	if c := strings.Compare(strings.ToLower(nameA), strings.ToLower(nameB)); c != 0 {
		return c
	}
	return strings.Compare(idA, idB)
}
