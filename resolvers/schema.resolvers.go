package resolvers

import (
	"context"
	"fmt"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/sources"
)

func (r *queryResolver) Node(ctx context.Context, id sources.ID) (sources.Node, error) {
	panic(fmt.Errorf("not implemented: Node - node"))
}

func (r *queryResolver) Nodes(ctx context.Context, ids []sources.ID) ([]sources.Node, error) {
	panic(fmt.Errorf("not implemented: Nodes - nodes"))
}

func (r *Resolver) Mutation() graph.MutationResolver { return &mutationResolver{r} }

func (r *Resolver) Query() graph.QueryResolver { return &queryResolver{r} }

type (
	mutationResolver struct{ *Resolver }
	queryResolver    struct{ *Resolver }
)
