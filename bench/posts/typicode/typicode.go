// Package typicode reads posts and users from a service like https://jsonplaceholder.typicode.com.
package typicode

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// Post is what a user has written. The service's words for it are ours: there is nothing to translate.
type Post struct {
	ID     int32  `json:"id"`
	UserID int32  `json:"userId"`
	Title  string `json:"title"`
	Body   string `json:"body"`
}

// User is somebody who writes posts.
type User struct {
	ID       int32   `json:"id"`
	Name     string  `json:"name"`
	Username string  `json:"username"`
	Email    string  `json:"email"`
	Phone    *string `json:"phone,omitempty"`
	Website  *string `json:"website,omitempty"`
}

// Name is the source's name, as in @source(name:).
const Name = "typicode"

// MaxBatch is how many users one call can ask for: their ids go into the URL.
const MaxBatch = 100

// Inputs is what the service is given of a request: nothing, it answers everybody alike.
var Inputs = upstream.Inputs{}

// Source reads posts and users. It is safe for concurrent use.
type Source struct{ http *upstream.HTTP }

// New makes the source of the service that h calls.
func New(h *upstream.HTTP) *Source { return &Source{http: h} }

// head is a post without its text.
type head struct {
	ID     int32  `json:"id"`
	UserID int32  `json:"userId"`
	Title  string `json:"title"`
}

// Posts gives every post, with their texts or without: those are most of an answer, and not read for nobody. The faults of single ones come as
// fault.Items by index, where the list has nil.
func (s *Source) Posts(ctx context.Context, bodies bool) ([]*Post, error) {
	answer, err := s.http.Do(ctx, "listPosts", get("posts"))
	if err != nil {
		return nil, err
	}
	if bodies {
		return items[Post](answer)
	}
	heads, err := items[head](answer)
	posts := make([]*Post, len(heads))
	all := make([]Post, len(heads))
	for i, h := range heads {
		if h != nil {
			all[i] = Post{ID: h.ID, UserID: h.UserID, Title: h.Title}
			posts[i] = &all[i]
		}
	}
	return posts, err
}

// Post gives a post, nil if there is none of that id.
func (s *Source) Post(ctx context.Context, id int32) (*Post, error) {
	return one[Post](s.http.Do(ctx, "getPost", get("posts/"+number(id))))
}

// Users gives every user. The faults of single ones come as fault.Items by index, where the list has nil.
func (s *Source) Users(ctx context.Context) ([]*User, error) {
	answer, err := s.http.Do(ctx, "listUsers", get("users"))
	if err != nil {
		return nil, err
	}
	return items[User](answer)
}

// User gives a user, nil if there is none of that id.
func (s *Source) User(ctx context.Context, id int32) (*User, error) {
	return one[User](s.http.Do(ctx, "getUser", get("users/"+number(id))))
}

// UsersByID gives users by their ids, MaxBatch at most. A user that the service does not know is absent; one that does not fit the
// contract is in the fault.Items beside the others.
func (s *Source) UsersByID(ctx context.Context, ids []int32) (map[int32]*User, error) {
	query := make([]byte, 0, len("users?")+len(ids)*len("id=1234&"))
	query = append(query, "users"...)
	separator := byte('?')
	for _, id := range ids {
		query = append(query, separator, 'i', 'd', '=')
		query = strconv.AppendInt(query, int64(id), 10)
		separator = '&'
	}
	answer, err := s.http.Do(upstream.WithKeys(ctx, len(ids)), "listUsersByID", get(string(query)))
	if err != nil {
		return nil, err
	}
	users, broken, err := upstream.DecodeItems[[]User, User](answer)
	if err != nil {
		return nil, err
	}
	return upstream.ByKey(answer.Origin, ids, *users, broken, func(u *User) int32 { return u.ID }, asItIs)
}

// get builds the request of a path below the service's URL.
func get(path string) func(baseURL string) (*http.Request, error) {
	return func(baseURL string) (*http.Request, error) {
		return http.NewRequest(http.MethodGet, baseURL+path, http.NoBody) //nolint:noctx // upstream.HTTP gives it the call's
	}
}

func number(id int32) string { return strconv.FormatInt(int64(id), 10) }

func asItIs[T any](item *T) (*T, error) { return item, nil }

// items gives the items of a list, with the faults of those that do not fit the contract.
func items[T any](answer upstream.Answer) ([]*T, error) {
	list, broken, err := upstream.DecodeItems[[]T, T](answer)
	if err != nil {
		return nil, err
	}
	found := make([]*T, len(*list))
	for i := range *list {
		if broken[i] == nil {
			found[i] = &(*list)[i]
		}
	}
	return found, fault.Items[int](broken).OrNil()
}

// one gives the item that a call answered, nil if it answered that there is none.
func one[T any](answer upstream.Answer, err error) (*T, error) {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code == fault.NotFound {
		return nil, nil //nolint:nilnil // absent is no error
	}
	if err != nil {
		return nil, err
	}
	return upstream.Decode[T](answer)
}
