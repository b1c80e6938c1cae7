package exec_test

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// fakes are a test's own resolvers and directives. In place of those that it leaves out, the zoo's are called.
type fakes struct {
	// Root fields.
	lion        func(ctx context.Context, key int) (*model.Lion, error)
	lions       func(ctx context.Context, first int) ([]model.Lion, error)
	lionsLoose  func(ctx context.Context) ([]*model.Lion, error)
	beings      func(ctx context.Context, first int) ([]model.Being, error)
	beingsMust  func(ctx context.Context, first int) ([]model.Being, error)
	exhibits    func(ctx context.Context, first int) ([]model.Exhibit, error)
	keeper      func(ctx context.Context, id *string) (*model.Keeper, error)
	maze        func(ctx context.Context, key int) (*model.Maze, error)
	values      func(ctx context.Context, key int) (*model.Values, error)
	numbers     func(ctx context.Context) ([][]int, error)
	failing     func(ctx context.Context) (*int, error)
	failingMust func(ctx context.Context) (int, error)
	step        func(ctx context.Context, of *int) (*model.Step, error)

	// Streams.
	lionsStream   func(ctx context.Context, first int) (<-chan *model.Lion, error)
	numbersStream func(ctx context.Context, first int) (<-chan int, error)

	// Plural fields.
	tag      func(ctx context.Context, objs []*model.Lion) ([]string, error)
	friend   func(ctx context.Context, objs []*model.Lion) ([]model.Being, error)
	owner    func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error)
	cubs     func(ctx context.Context, objs []*model.Lion, first int) ([][]model.Lion, error)
	weight   func(ctx context.Context, objs []*model.Lion) ([]*model.Weight, error)
	secret   func(ctx context.Context, objs []*model.Lion) ([]*string, error)
	look     func(ctx context.Context, objs []*model.Lion) ([]*model.Look, error)
	name     func(ctx context.Context, objs []*model.Keeper) ([]string, error)
	boss     func(ctx context.Context, objs []*model.Keeper) ([]*model.Keeper, error)
	rooms    func(ctx context.Context, objs []*model.Maze) ([][][]model.Room, error)
	guest    func(ctx context.Context, objs []*model.Room) ([]model.Being, error)
	mood     func(ctx context.Context, objs []*model.Lion) ([]*model.Mood, error)
	stepLion func(ctx context.Context, objs []*model.Step) ([]*model.Lion, error)

	// Singular fields.
	home  func(ctx context.Context, obj *model.Lion) (*model.Den, error)
	pride func(ctx context.Context, obj *model.Lion) ([]*model.Lion, error)
	where func(ctx context.Context, obj *model.Lion) (*string, error)
	chip  func(ctx context.Context, obj *model.Lion) (*string, error)
	years func(ctx context.Context, obj *model.Keeper) (*int, error)
	title func(ctx context.Context, obj *model.Room) (string, error)
	song  func(ctx context.Context, obj *model.Owl) (*string, error)

	// Directives: members decides for all objects at once, shout for each, and atMost for an argument.
	members, shout, atMost func(ctx context.Context, next graphql.Resolver) (any, error)
}

// config gives a zoo in which the fakes are called.
func (f *fakes) config(faults model.Faults) graph.Config {
	cfg := zoo.Config(faults)
	cfg.Resolvers = &lab{Resolver: &zoo.Resolver{Faults: faults}, fakes: f}
	if f.members != nil {
		cfg.Directives.Members = func(ctx context.Context, _ any, next graphql.Resolver, _ model.Level) (any, error) {
			return f.members(ctx, next)
		}
	}
	if f.shout != nil {
		cfg.Directives.Shout = func(ctx context.Context, _ any, next graphql.Resolver) (any, error) { return f.shout(ctx, next) }
	}
	if f.atMost != nil {
		cfg.Directives.AtMost = func(ctx context.Context, _ any, next graphql.Resolver, _ int) (any, error) {
			return f.atMost(ctx, next)
		}
	}
	return cfg
}

// lab is the zoo with fakes.
type lab struct {
	*zoo.Resolver

	fakes *fakes
}

type (
	labQuery struct {
		graph.QueryResolver
		*fakes
	}
	labMutation struct {
		graph.MutationResolver
		*fakes
	}
	labSubscription struct {
		graph.SubscriptionResolver
		*fakes
	}
	labLion struct {
		graph.LionResolver
		*fakes
	}
	labKeeper struct {
		graph.KeeperResolver
		*fakes
	}
	labMaze struct {
		graph.MazeResolver
		*fakes
	}
	labRoom struct {
		graph.RoomResolver
		*fakes
	}
	labOwl struct {
		graph.OwlResolver
		*fakes
	}
	labStep struct {
		graph.StepResolver
		*fakes
	}
)

func (l *lab) Query() graph.QueryResolver       { return labQuery{l.Resolver.Query(), l.fakes} }
func (l *lab) Mutation() graph.MutationResolver { return labMutation{l.Resolver.Mutation(), l.fakes} }
func (l *lab) Subscription() graph.SubscriptionResolver {
	return labSubscription{l.Resolver.Subscription(), l.fakes}
}
func (l *lab) Lion() graph.LionResolver     { return labLion{l.Resolver.Lion(), l.fakes} }
func (l *lab) Keeper() graph.KeeperResolver { return labKeeper{l.Resolver.Keeper(), l.fakes} }
func (l *lab) Maze() graph.MazeResolver     { return labMaze{l.Resolver.Maze(), l.fakes} }
func (l *lab) Room() graph.RoomResolver     { return labRoom{l.Resolver.Room(), l.fakes} }
func (l *lab) Owl() graph.OwlResolver       { return labOwl{l.Resolver.Owl(), l.fakes} }
func (l *lab) Step() graph.StepResolver     { return labStep{l.Resolver.Step(), l.fakes} }

// The methods of resolvers with one argument beside the context call the fake, if there is one, and else the zoo's.
func either[A, R any](fake, other func(ctx context.Context, a A) (R, error), ctx context.Context, a A) (R, error) { //nolint:revive // the context is the callee's
	if fake != nil {
		return fake(ctx, a)
	}
	return other(ctx, a)
}

// plain is either for resolvers without an argument.
func plain[R any](fake, other func(ctx context.Context) (R, error), ctx context.Context) (R, error) { //nolint:revive // as above
	if fake != nil {
		return fake(ctx)
	}
	return other(ctx)
}

func (r labQuery) Lion(ctx context.Context, key int) (*model.Lion, error) {
	return either(r.lion, r.QueryResolver.Lion, ctx, key)
}

func (r labQuery) Lions(ctx context.Context, first int) ([]model.Lion, error) {
	return either(r.lions, r.QueryResolver.Lions, ctx, first)
}

func (r labQuery) LionsLoose(ctx context.Context) ([]*model.Lion, error) {
	return plain(r.lionsLoose, r.QueryResolver.LionsLoose, ctx)
}

func (r labQuery) Beings(ctx context.Context, first int) ([]model.Being, error) {
	return either(r.beings, r.QueryResolver.Beings, ctx, first)
}

func (r labQuery) BeingsMust(ctx context.Context, first int) ([]model.Being, error) {
	return either(r.beingsMust, r.QueryResolver.BeingsMust, ctx, first)
}

func (r labQuery) Exhibits(ctx context.Context, first int) ([]model.Exhibit, error) {
	return either(r.exhibits, r.QueryResolver.Exhibits, ctx, first)
}

func (r labQuery) Keeper(ctx context.Context, id *string) (*model.Keeper, error) {
	return either(r.keeper, r.QueryResolver.Keeper, ctx, id)
}

func (r labQuery) Maze(ctx context.Context, key int) (*model.Maze, error) {
	return either(r.maze, r.QueryResolver.Maze, ctx, key)
}

func (r labQuery) Values(ctx context.Context, key int) (*model.Values, error) {
	return either(r.values, r.QueryResolver.Values, ctx, key)
}

func (r labQuery) Numbers(ctx context.Context) ([][]int, error) {
	return plain(r.numbers, r.QueryResolver.Numbers, ctx)
}

func (r labQuery) Failing(ctx context.Context) (*int, error) {
	return plain(r.failing, r.QueryResolver.Failing, ctx)
}

func (r labQuery) FailingMust(ctx context.Context) (int, error) {
	return plain(r.failingMust, r.QueryResolver.FailingMust, ctx)
}

func (r labMutation) Step(ctx context.Context, of *int) (*model.Step, error) {
	return either(r.step, r.MutationResolver.Step, ctx, of)
}

func (r labSubscription) Lions(ctx context.Context, first int) (<-chan *model.Lion, error) {
	return either(r.lionsStream, r.SubscriptionResolver.Lions, ctx, first)
}

func (r labSubscription) Numbers(ctx context.Context, first int) (<-chan int, error) {
	return either(r.numbersStream, r.SubscriptionResolver.Numbers, ctx, first)
}

func (r labLion) Tag(ctx context.Context, objs []*model.Lion) ([]string, error) {
	return either(r.tag, r.LionResolver.Tag, ctx, objs)
}

func (r labLion) Friend(ctx context.Context, objs []*model.Lion) ([]model.Being, error) {
	return either(r.friend, r.LionResolver.Friend, ctx, objs)
}

func (r labLion) Owner(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
	return either(r.owner, r.LionResolver.Owner, ctx, objs)
}

func (r labLion) Cubs(ctx context.Context, objs []*model.Lion, first int, mood *model.Mood) ([][]model.Lion, error) {
	if r.cubs != nil {
		return r.cubs(ctx, objs, first)
	}
	return r.LionResolver.Cubs(ctx, objs, first, mood)
}

func (r labLion) Weight(ctx context.Context, objs []*model.Lion) ([]*model.Weight, error) {
	return either(r.weight, r.LionResolver.Weight, ctx, objs)
}

func (r labLion) Secret(ctx context.Context, objs []*model.Lion) ([]*string, error) {
	return either(r.secret, r.LionResolver.Secret, ctx, objs)
}

func (r labLion) Mood(ctx context.Context, objs []*model.Lion) ([]*model.Mood, error) {
	return either(r.mood, r.LionResolver.Mood, ctx, objs)
}

func (r labLion) Look(ctx context.Context, objs []*model.Lion) ([]*model.Look, error) {
	return either(r.look, r.LionResolver.Look, ctx, objs)
}

func (r labLion) Home(ctx context.Context, obj *model.Lion) (*model.Den, error) {
	return either(r.home, r.LionResolver.Home, ctx, obj)
}

func (r labLion) Pride(ctx context.Context, obj *model.Lion) ([]*model.Lion, error) {
	return either(r.pride, r.LionResolver.Pride, ctx, obj)
}

func (r labLion) Chip(ctx context.Context, obj *model.Lion) (*string, error) {
	return either(r.chip, r.LionResolver.Chip, ctx, obj)
}

func (r labLion) Where(ctx context.Context, obj *model.Lion, prefix *string) (*string, error) {
	if r.where != nil {
		return r.where(ctx, obj)
	}
	return r.LionResolver.Where(ctx, obj, prefix)
}

func (r labKeeper) Name(ctx context.Context, objs []*model.Keeper) ([]string, error) {
	return either(r.name, r.KeeperResolver.Name, ctx, objs)
}

func (r labKeeper) Boss(ctx context.Context, objs []*model.Keeper) ([]*model.Keeper, error) {
	return either(r.boss, r.KeeperResolver.Boss, ctx, objs)
}

func (r labKeeper) Years(ctx context.Context, obj *model.Keeper) (*int, error) {
	return either(r.years, r.KeeperResolver.Years, ctx, obj)
}

func (r labMaze) Rooms(ctx context.Context, objs []*model.Maze) ([][][]model.Room, error) {
	return either(r.rooms, r.MazeResolver.Rooms, ctx, objs)
}

func (r labRoom) Guest(ctx context.Context, objs []*model.Room) ([]model.Being, error) {
	return either(r.guest, r.RoomResolver.Guest, ctx, objs)
}

func (r labRoom) Title(ctx context.Context, obj *model.Room) (string, error) {
	return either(r.title, r.RoomResolver.Title, ctx, obj)
}

func (r labOwl) Song(ctx context.Context, obj *model.Owl) (*string, error) {
	return either(r.song, r.OwlResolver.Song, ctx, obj)
}

func (r labStep) Lion(ctx context.Context, objs []*model.Step) ([]*model.Lion, error) {
	return either(r.stepLion, r.StepResolver.Lion, ctx, objs)
}
