package reviews

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
)

const mostStars = 5

// shelf is the reviews of one product, or by one author. Reviews are named by their number: the newer, the higher. What it
// holds is what the counts and the pages are read from, so that neither is ever computed anew.
type shelf struct {
	all     []int32                // rising
	byStars [mostStars + 1][]int32 // the same by rating, each rising; none has no star
}

func (s *shelf) add(number, stars int32) {
	s.all = append(s.all, number)
	s.byStars[stars] = append(s.byStars[stars], number)
}

// average is the mean number of stars, or nil without reviews.
func (s *shelf) average() *float64 {
	if len(s.all) == 0 {
		return nil
	}
	sum := 0
	for stars, numbers := range s.byStars {
		sum += stars * len(numbers)
	}
	mean := float64(sum) / float64(len(s.all))
	return &mean
}

// sorted gives the shelf in an order, as groups that follow one another, each to be read from its end.
func (s *shelf) sorted(order reviewsapi.SortOrder) [][]int32 {
	switch order {
	case reviewsapi.SortOrder_SORT_ORDER_BEST:
		best := slices.Clone(s.byStars[1:])
		slices.Reverse(best)
		return best
	case reviewsapi.SortOrder_SORT_ORDER_WORST:
		return s.byStars[1:]
	case reviewsapi.SortOrder_SORT_ORDER_NEWEST, reviewsapi.SortOrder_SORT_ORDER_UNSPECIFIED:
	}
	return [][]int32{s.all}
}

// place is where a review stands in a list: its group and its number. It says where the list goes on even if the list has
// changed, or does not have the review at all.
type place struct {
	group  int
	number int32
}

// start is before every list's first place.
var start = place{number: math.MaxInt32}

// page gives up to size places of a list after a place, and how many places stand before them.
func page(groups [][]int32, after place, size int) (places []place, before int) {
	for _, g := range groups[:after.group] {
		before += len(g)
	}
	older, _ := slices.BinarySearch(groups[after.group], after.number) // so many of the group are still to come
	before += len(groups[after.group]) - older
	for i := after.group; i < len(groups) && len(places) < size; i++ {
		rest := groups[i]
		if i == after.group {
			rest = rest[:older]
		}
		for k := len(rest) - 1; k >= 0 && len(places) < size; k-- {
			places = append(places, place{group: i, number: rest[k]})
		}
	}
	return places, before
}

// letters begin the cursors of each order, so that the cursor of one is no cursor of another.
var letters = map[reviewsapi.SortOrder]string{
	reviewsapi.SortOrder_SORT_ORDER_UNSPECIFIED: "n",
	reviewsapi.SortOrder_SORT_ORDER_NEWEST:      "n",
	reviewsapi.SortOrder_SORT_ORDER_BEST:        "b",
	reviewsapi.SortOrder_SORT_ORDER_WORST:       "w",
}

// cursor gives a place's form on the wire, such as "b0.1234".
func cursor(order reviewsapi.SortOrder, p place) string {
	return letters[order] + strconv.Itoa(p.group) + "." + strconv.Itoa(int(p.number))
}

// parseCursor reads a cursor of a list in an order that has so many groups.
func parseCursor(order reviewsapi.SortOrder, groups int, s string) (place, bool) {
	rest, right := strings.CutPrefix(s, letters[order])
	group, number, _ := strings.Cut(rest, ".")
	g, err := strconv.ParseUint(group, 10, 8)
	if err != nil || !right || int(g) >= groups {
		return place{}, false
	}
	n, err := strconv.ParseInt(number, 10, 32)
	if err != nil || n < 0 {
		return place{}, false
	}
	return place{group: int(g), number: int32(n)}, true
}
