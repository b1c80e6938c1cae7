package resolvers

import (
	"context"

	"github.com/mainstem/mainstem/bench/posts/graph"
	"github.com/mainstem/mainstem/bench/posts/typicode"
)

func (r *postResolver) User(ctx context.Context, objs []*typicode.Post) ([]*typicode.User, error) {
	ids := make([]int32, len(objs))
	for i, post := range objs {
		if post != nil { // nil stands for a post that could not be read
			ids[i] = post.UserID
		}
	}
	return r.users.LoadAll(ctx, ids)
}

func (r *queryResolver) Posts(ctx context.Context) ([]*typicode.Post, error) {
	list, err := r.source.Posts(ctx, bodies(ctx))
	return reportItems(ctx, list, err)
}

func (r *queryResolver) Post(ctx context.Context, id int32) (*typicode.Post, error) {
	return r.source.Post(ctx, id)
}

func (r *queryResolver) Users(ctx context.Context) ([]*typicode.User, error) {
	list, err := r.source.Users(ctx)
	return reportItems(ctx, list, err)
}

func (r *queryResolver) User(ctx context.Context, id int32) (*typicode.User, error) {
	return r.source.User(ctx, id)
}

func (r *queryResolver) Greet(ctx context.Context) (string, error) {
	return "Hello World!", nil
}

func (r *Resolver) Post() graph.PostResolver { return &postResolver{r} }

func (r *Resolver) Query() graph.QueryResolver { return &queryResolver{r} }

type (
	postResolver  struct{ *Resolver }
	queryResolver struct{ *Resolver }
)
