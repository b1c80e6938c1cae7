package zoo

import (
	"context"
	"encoding/json"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

type (
	queryResolver        struct{ *Resolver }
	mutationResolver     struct{ *Resolver }
	subscriptionResolver struct{ *Resolver }
)

// Query gives the resolvers of reads.
func (r *Resolver) Query() graph.QueryResolver { return &queryResolver{r} }

// Mutation gives the resolvers of writes.
func (r *Resolver) Mutation() graph.MutationResolver { return &mutationResolver{r} }

// Subscription gives the resolvers of streams.
func (r *Resolver) Subscription() graph.SubscriptionResolver { return &subscriptionResolver{r} }

// root resolves a root field, whose value depends on the arguments.
func root[T any](r *Resolver, field string, value maker[T], args ...any) (T, error) {
	return one(model.Root(r.Faults, field, args...), field, value)
}

// first makes a list of up to three.
func first[T any](n int, value maker[T]) maker[[]T] {
	return func(p model.Place) []T { return model.ListOf(p, "first", min(n, 4), value) }
}

func tagged(p model.Place) model.Tagged {
	if p.Rarely("stone", 2) {
		return model.NewStone(p)
	}
	return model.NewLion(p)
}

func owned(p model.Place) model.Owned {
	if p.Rarely("owl", 2) {
		return model.NewOwl(p)
	}
	return model.NewLion(p)
}

func ghost(p model.Place) model.Ghost { return model.Spirit{Place: p} }

func (r *queryResolver) Lion(_ context.Context, key int) (*model.Lion, error) {
	return root(r.Resolver, "Query.lion", lion, key)
}

func (r *queryResolver) TheLion(context.Context) (model.Lion, error) {
	return root(r.Resolver, "Query.theLion", func(p model.Place) model.Lion { return *model.NewLion(p) })
}

func (r *queryResolver) Lions(_ context.Context, n int) ([]model.Lion, error) {
	return root(r.Resolver, "Query.lions", first(n, func(p model.Place) model.Lion { return *model.NewLion(p) }))
}

func (r *queryResolver) LionsLoose(context.Context) ([]*model.Lion, error) {
	return root(r.Resolver, "Query.lionsLoose", some("lions", lion))
}

func (r *queryResolver) Owl(context.Context) (*model.Owl, error) {
	return root(r.Resolver, "Query.owl", func(p model.Place) *model.Owl { return model.OrNil(p, "owl", model.NewOwl(p)) })
}

func (r *queryResolver) Owls(_ context.Context, n int) ([]model.Owl, error) {
	return root(r.Resolver, "Query.owls", first(n, model.NewOwl))
}

func (r *queryResolver) Stone(context.Context) (model.Stone, error) {
	return root(r.Resolver, "Query.stone", func(p model.Place) model.Stone { return *model.NewStone(p) })
}

func (r *queryResolver) Being(_ context.Context, key int) (model.Being, error) {
	return root(r.Resolver, "Query.being", being, key)
}

func (r *queryResolver) Beings(_ context.Context, n int) ([]model.Being, error) {
	return root(r.Resolver, "Query.beings", first(n, being))
}

func (r *queryResolver) BeingsMust(_ context.Context, n int) ([]model.Being, error) {
	return root(r.Resolver, "Query.beingsMust", first(n, model.NewBeing))
}

func (r *queryResolver) Animals(_ context.Context, n int, mood *model.Mood) ([]model.Animal, error) {
	return root(r.Resolver, "Query.animals", first(n, model.NewAnimal), mood)
}

func (r *queryResolver) Tagged(context.Context) ([]model.Tagged, error) {
	return root(r.Resolver, "Query.tagged", first(4, orNone("tagged", tagged)))
}

func (r *queryResolver) Owned(context.Context) ([]model.Owned, error) {
	return root(r.Resolver, "Query.owned", first(4, owned))
}

func (r *queryResolver) Exhibit(_ context.Context, key *int) (model.Exhibit, error) {
	return root(r.Resolver, "Query.exhibit", orNone("exhibit", model.NewExhibit), key)
}

func (r *queryResolver) Exhibits(_ context.Context, n int) ([]model.Exhibit, error) {
	return root(r.Resolver, "Query.exhibits", first(n, model.NewExhibit))
}

func (r *queryResolver) ExhibitsLoose(context.Context) ([]model.Exhibit, error) {
	return root(r.Resolver, "Query.exhibitsLoose", first(4, orNone("exhibit", model.NewExhibit)))
}

func (r *queryResolver) Finds(context.Context) ([]model.Find, error) {
	return root(r.Resolver, "Query.finds", first(4, model.NewFind))
}

func (r *queryResolver) Keeper(_ context.Context, id *string) (*model.Keeper, error) {
	return root(r.Resolver, "Query.keeper", keeper, id)
}

func (r *queryResolver) Maze(_ context.Context, key int) (*model.Maze, error) {
	return root(r.Resolver, "Query.maze", model.NewMaze, key)
}

func (r *queryResolver) Mazes(context.Context) ([]model.Maze, error) {
	return root(r.Resolver, "Query.mazes", first(2, func(p model.Place) model.Maze { return *model.NewMaze(p) }))
}

func (r *queryResolver) Values(_ context.Context, key int) (*model.Values, error) {
	return root(r.Resolver, "Query.values", model.NewValues, key)
}

func (r *queryResolver) ValuesList(_ context.Context, n int) ([]model.Values, error) {
	return root(r.Resolver, "Query.valuesList", first(n, func(p model.Place) model.Values { return *model.NewValues(p) }))
}

func (r *queryResolver) Crate(context.Context) (map[string]any, error) {
	return root(r.Resolver, "Query.crate", model.NewCrate)
}

func (r *queryResolver) Crates(context.Context) ([]map[string]any, error) {
	return root(r.Resolver, "Query.crates", first(3, model.NewCrate))
}

func (r *queryResolver) Ghost(context.Context) (model.Ghost, error) {
	return root(r.Resolver, "Query.ghost", orNone("ghost", ghost))
}

func (r *queryResolver) Ghosts(context.Context) ([]model.Ghost, error) {
	return root(r.Resolver, "Query.ghosts", first(4, orNone("ghost", ghost)))
}

func (r *queryResolver) Vault(context.Context) (*model.Vault, error) {
	return root(r.Resolver, "Query.vault", func(p model.Place) *model.Vault { return &model.Vault{Gold: p.Number("gold", 9), Lion: lion(p)} })
}

func (r *queryResolver) Tree(context.Context) (model.Tree, error) {
	return root(r.Resolver, "Query.tree", func(p model.Place) model.Tree { return model.Tree{Place: p} })
}

func (r *queryResolver) Site(context.Context) (*model.Site, error) {
	return root(r.Resolver, "Query.site", func(p model.Place) *model.Site { return &model.Site{Place: p, Size: model.Small, Depth: 1} })
}

// Echo gives its arguments as JSON.
func (r *queryResolver) Echo(_ context.Context, wish *model.Wish, pick *model.Pick, raw map[string]any, number *int, numbers []int, ratio *float64,
	flag *bool, text, id *string, weight *model.Weight, colour *model.Colour, moment *model.Moment, code *model.Code, mood *model.Mood,
	size *model.Size, level *model.Level, lang *model.Lang, anything any,
) (*string, error) {
	encoded, err := json.Marshal([]any{
		wish, pick, raw, number, numbers, ratio, flag, text, id, weight, colour, moment, code, mood, size, level, lang, anything,
	})
	echo := string(encoded)
	return &echo, err
}

func (r *queryResolver) Nick(_ context.Context, name string) (string, error) {
	return root(r.Resolver, "Query.nick", func(model.Place) string { return name }, name)
}

func (r *queryResolver) Mood(context.Context) (*model.Mood, error) {
	return root(r.Resolver, "Query.mood", moodOrNil)
}

func (r *queryResolver) Numbers(context.Context) ([][]int, error) {
	return root(r.Resolver, "Query.numbers", func(p model.Place) [][]int {
		return model.Lists(p, "numbers", true, func(p model.Place) int { return p.Number("n", 9) })
	})
}

// Failing fails more often than others.
func (r *queryResolver) Failing(context.Context) (*int, error) {
	p := model.Root(r.Faults, "Query.failing")
	return model.OrNil(p, "n", 1), p.Below("again").Fail("Query.failing")
}

func (r *queryResolver) FailingMust(context.Context) (int, error) {
	return root(r.Resolver, "Query.failingMust", func(model.Place) int { return 1 })
}

func (r *queryResolver) Members(context.Context) ([]string, error) {
	return root(r.Resolver, "Query.members", first(3, words))
}

func (r *mutationResolver) Step(ctx context.Context, of *int) (*model.Step, error) {
	number := visitOf(ctx).steps.Add(1)
	return root(r.Resolver, "Mutation.step", orNil("step", func(p model.Place) *model.Step {
		return &model.Step{Place: p, Number: int(number)}
	}), of, number)
}

func (r *mutationResolver) StepMust(ctx context.Context) (model.Step, error) {
	number := visitOf(ctx).steps.Add(1)
	return root(r.Resolver, "Mutation.stepMust", func(p model.Place) model.Step {
		return model.Step{Place: p, Number: int(number)}
	}, number)
}

func (r *mutationResolver) Feed(ctx context.Context, key int, wish *model.Wish) (model.Animal, error) {
	return root(r.Resolver, "Mutation.feed", orNone("animal", model.NewAnimal), key, wish, visitOf(ctx).steps.Add(1))
}

func (r *mutationResolver) Pick(ctx context.Context, pick model.Pick) (model.Exhibit, error) {
	return root(r.Resolver, "Mutation.pick", model.NewExhibit, pick, visitOf(ctx).steps.Add(1))
}

func (r *mutationResolver) Release(ctx context.Context, key int) ([]model.Being, error) {
	return root(r.Resolver, "Mutation.release", some("released", model.NewBeing), key, visitOf(ctx).steps.Add(1))
}

// events sends up to three values, each at a place of its own, and closes the stream.
func events[T any](r *Resolver, field string, n int, value maker[T]) (<-chan T, error) {
	p := model.Root(r.Faults, field)
	if err := p.Fail(field); err != nil {
		return nil, err
	}
	list := first(n, value)(p)
	stream := make(chan T, len(list))
	for _, event := range list {
		stream <- event
	}
	close(stream)
	return stream, nil
}

func (r *subscriptionResolver) Lions(_ context.Context, n int) (<-chan *model.Lion, error) {
	return events(r.Resolver, "Subscription.lions", n, lion)
}

func (r *subscriptionResolver) Exhibits(_ context.Context, n int) (<-chan model.Exhibit, error) {
	return events(r.Resolver, "Subscription.exhibits", n, model.NewExhibit)
}

func (r *subscriptionResolver) Numbers(_ context.Context, n int) (<-chan int, error) {
	return events(r.Resolver, "Subscription.numbers", n, func(p model.Place) int { return p.Number("n", 9) })
}

func (r *subscriptionResolver) Grids(context.Context) (<-chan [][]int, error) {
	return events(r.Resolver, "Subscription.grids", 2, func(p model.Place) [][]int {
		return model.Lists(p, "grid", true, func(p model.Place) int { return p.Number("n", 9) })
	})
}
