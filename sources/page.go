package sources

import (
	"encoding/base64"

	"github.com/mainstem/mainstem/platform/fault"
)

// MaxFirst is the most items that a page may hold.
const MaxFirst = 100

// Page is a part of a list (https://relay.dev/graphql/connections.htm).
type Page[T any] struct {
	Edges      []Edge[T]
	PageInfo   PageInfo
	TotalCount int32
}

// Edge is an item and its place in the list.
type Edge[T any] struct {
	Cursor string
	Item   T
	Fault  *fault.Error // why there is no item
}

// NewEdge makes an edge at a position of a list, as the service names it.
func NewEdge[T any](list, position string, item T, f *fault.Error) Edge[T] {
	return Edge[T]{Cursor: Cursor(list, position), Item: item, Fault: f}
}

// Node gives the item, or why there is none.
func (e *Edge[T]) Node() (T, error) {
	if e.Fault != nil {
		var none T
		return none, e.Fault
	}
	return e.Item, nil
}

// PageInfo says where a page stands in its list.
type PageInfo struct {
	HasNextPage     bool
	HasPreviousPage bool
	StartCursor     *string
	EndCursor       *string
}

// NewPage makes a page of edges that have their cursors.
func NewPage[T any](edges []Edge[T], hasPrevious, hasNext bool, total int32) *Page[T] {
	info := PageInfo{HasNextPage: hasNext, HasPreviousPage: hasPrevious}
	if len(edges) > 0 {
		info.StartCursor, info.EndCursor = &edges[0].Cursor, &edges[len(edges)-1].Cursor
	}
	return &Page[T]{Edges: edges, TotalCount: total, PageInfo: info}
}

// PageArgs is which part of a list to read. It is comparable, so that it can be part of a loader's key.
type PageArgs struct {
	First int32  // 1 to MaxFirst
	After string // a position as the service gave it; empty for the beginning
}

// NewPageArgs checks the paging arguments of a field. list names the list, so that the cursor of one list is refused by
// another; it fails with BAD_USER_INPUT.
func NewPageArgs(list string, first int32, after *string) (PageArgs, error) {
	if first < 1 || first > MaxFirst {
		return PageArgs{}, fault.Newf(fault.BadUserInput, "`first` must be 1 to %d, not %d.", MaxFirst, first)
	}
	args := PageArgs{First: first}
	if after != nil {
		position, err := parseCursor(list, *after)
		if err != nil {
			return PageArgs{}, err
		}
		args.After = position
	}
	return args, nil
}

// maxCursor bounds a cursor's form on the wire, in bytes, and maxPosition what it stands for beside the list's name.
const (
	maxCursor   = 512
	maxPosition = 350
)

// Cursor gives the form on the wire of a position in a list, which clients must treat as opaque.
func Cursor(list, position string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + position))
}

func parseCursor(list, s string) (string, error) {
	if len(s) <= maxCursor {
		if name, position, ok := decodePair(s); ok && name == list && ValidPosition(position) {
			return position, nil
		}
	}
	return "", WrongCursor()
}

// ValidPosition says whether s can be a position in a list: 1 to 350 printable ASCII characters. NewPageArgs accepts the cursors of no
// others, so a source must give no others: a client could not go on from there.
func ValidPosition(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= maxPosition
}

// WrongCursor is BAD_USER_INPUT for a cursor that the list has not given, which for some lists only the service can tell.
func WrongCursor() *fault.Error {
	return fault.New(fault.BadUserInput, "`after` is not a cursor of this list in this order. Use a `cursor` or `endCursor` as the list gave it.")
}
