package zoo

import (
	"context"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

type (
	lionResolver   struct{ *Resolver }
	owlResolver    struct{ *Resolver }
	stoneResolver  struct{ *Resolver }
	keeperResolver struct{ *Resolver }
	noteResolver   struct{ *Resolver }
)

// Lion gives the resolvers of lions.
func (r *Resolver) Lion() graph.LionResolver { return &lionResolver{r} }

// Owl gives the resolvers of owls.
func (r *Resolver) Owl() graph.OwlResolver { return &owlResolver{r} }

// Stone gives the resolvers of stones.
func (r *Resolver) Stone() graph.StoneResolver { return &stoneResolver{r} }

// Keeper gives the resolvers of keepers.
func (r *Resolver) Keeper() graph.KeeperResolver { return &keeperResolver{r} }

// Note gives the resolvers of notes.
func (r *Resolver) Note() graph.NoteResolver { return &noteResolver{r} }

var (
	lion   = orNil("lion", model.NewLion)
	keeper = orNil("keeper", model.NewKeeper)
	being  = orNone("being", model.NewBeing)
)

func mood(p model.Place) model.Mood       { return model.AllMood[p.Number("mood", len(model.AllMood))] }
func moodOrNil(p model.Place) *model.Mood { return model.OrNil(p, "mood", mood(p)) }
func words(p model.Place) string          { return p.Text("words") }
func wordsOrNil(p model.Place) *string    { return model.OrNil(p, "words", words(p)) }

func (r *lionResolver) Mood(_ context.Context, objs []*model.Lion) ([]*model.Mood, error) {
	return all(r.Resolver, objs, "Lion.mood", moodOrNil)
}

func (r *lionResolver) Home(_ context.Context, obj *model.Lion) (*model.Den, error) {
	return one(obj.Place, "Lion.home", orNil("home", func(p model.Place) *model.Den {
		return &model.Den{Place: p, Size: model.Large, Depth: p.Number("depth", 100)}
	}))
}

func (r *lionResolver) Friend(_ context.Context, objs []*model.Lion) ([]model.Being, error) {
	return all(r.Resolver, objs, "Lion.friend", being)
}

func (r *lionResolver) Kin(_ context.Context, objs []*model.Lion) ([][]model.Animal, error) {
	return all(r.Resolver, objs, "Lion.kin", some("kin", model.NewAnimal))
}

func (r *lionResolver) Tag(_ context.Context, objs []*model.Lion) ([]string, error) {
	return all(r.Resolver, objs, "Lion.tag", words)
}

func (r *lionResolver) Owner(_ context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
	return all(r.Resolver, objs, "Lion.owner", keeper)
}

func (r *lionResolver) Cubs(_ context.Context, objs []*model.Lion, first int, mood *model.Mood) ([][]model.Lion, error) {
	return all(r.Resolver, objs, "Lion.cubs", func(p model.Place) []model.Lion {
		return model.ListOf(p.Below("cubs", mood), "cubs", min(first, 3), func(p model.Place) model.Lion { return *model.NewLion(p) })
	})
}

// Pride reports what single lions fail with, where they would stand in the list.
func (r *lionResolver) Pride(ctx context.Context, obj *model.Lion) ([]*model.Lion, error) {
	pride, err := one(obj.Place, "Lion.pride", some("pride", lion))
	for i, member := range pride {
		if member != nil && (member.Outcome("pride") == model.Failed || member.Outcome("pride") == model.Faulted) {
			path := append(slices.Clone(graphql.GetPath(ctx)), ast.PathIndex(i))
			graphql.AddError(ctx, gqlerror.WrapPath(path, member.Fail("pride")))
			pride[i] = nil
		}
	}
	return pride, err
}

func (r *lionResolver) Roar(_ context.Context, objs []*model.Lion, times int, tired *bool) ([]string, error) {
	return all(r.Resolver, objs, "Lion.roar", func(p model.Place) string {
		return p.Below("roar", tired).Text(strings.Repeat("roar", max(0, min(times, 3))))
	})
}

func (r *lionResolver) Rivals(_ context.Context, objs []*model.Lion) ([][][]model.Exhibit, error) {
	return all(r.Resolver, objs, "Lion.rivals", func(p model.Place) [][]model.Exhibit {
		return model.Lists(p, "rivals", true, model.NewExhibit)
	})
}

func (r *lionResolver) Weight(_ context.Context, objs []*model.Lion) ([]*model.Weight, error) {
	return all(r.Resolver, objs, "Lion.weight", func(p model.Place) *model.Weight {
		return model.OrNil(p, "weight", model.Weight(p.Number("weight", 1000))/4)
	})
}

func (r *lionResolver) Granted(_ context.Context, objs []*model.Lion, wish model.Wish) ([]*string, error) {
	return all(r.Resolver, objs, "Lion.granted", func(p model.Place) *string { return wordsOrNil(p.Below("granted", wish)) })
}

func (r *lionResolver) Secret(_ context.Context, objs []*model.Lion) ([]*string, error) {
	return all(r.Resolver, objs, "Lion.secret", wordsOrNil)
}

func (r *lionResolver) Chip(_ context.Context, obj *model.Lion) (*string, error) {
	return one(obj.Place, "Lion.chip", wordsOrNil)
}

// Where gives the fields on the way to where it runs. Indices of lists are left out, which only gqlgen's executor knows while resolvers run,
// and so is the way from an event, which it does not know.
func (r *lionResolver) Where(ctx context.Context, obj *model.Lion, prefix *string) (*string, error) {
	return one(obj.Place, "Lion.where", func(model.Place) *string {
		text := ""
		if prefix != nil {
			text = *prefix
		}
		for _, element := range graphql.GetPath(ctx) {
			if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
				break
			}
			if name, ok := element.(ast.PathName); ok {
				text += "." + string(name)
			}
		}
		return &text
	})
}

// Look gives the names of what is asked for below it.
func (r *lionResolver) Look(ctx context.Context, objs []*model.Lion) ([]*model.Look, error) {
	names := []string{}
	for _, f := range graphql.CollectFieldsCtx(ctx, nil) {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return all(r.Resolver, objs, "Lion.look", func(p model.Place) *model.Look {
		return &model.Look{
			Asked: slices.Compact(slices.Clone(names)),
			One:   model.OrNil(p, "one", 1),
			Two:   2,
			More:  &model.Look{Asked: []string{}, Two: p.Number("two", 9)},
		}
	})
}

func (r *lionResolver) Shadow(_ context.Context, objs []*model.Lion) ([]*model.Lion, error) {
	return all(r.Resolver, objs, "Lion.shadow", lion)
}

func (r *owlResolver) Home(_ context.Context, obj *model.Owl) (model.Nest, error) {
	return one(obj.Place, "Owl.home", model.NewNest)
}

func (r *owlResolver) Friend(_ context.Context, obj *model.Owl) (model.Being, error) {
	return one(obj.Place, "Owl.friend", being)
}

func (r *owlResolver) Owner(_ context.Context, obj *model.Owl) (model.Keeper, error) {
	return one(obj.Place, "Owl.owner", func(p model.Place) model.Keeper { return *model.NewKeeper(p.Below("owner")) })
}

func (r *owlResolver) Hoots(_ context.Context, obj *model.Owl, at *model.Moment, size model.Size) ([]model.Size, error) {
	return one(obj.Place, "Owl.hoots", func(p model.Place) []model.Size {
		return model.List(p.Below("hoots", at), "hoots", func(model.Place) model.Size { return size })
	})
}

func (r *owlResolver) Flights(_ context.Context, obj *model.Owl) ([][]model.Owl, error) {
	return one(obj.Place, "Owl.flights", func(p model.Place) [][]model.Owl { return model.Lists(p, "flights", false, model.NewOwl) })
}

func (r *owlResolver) Song(_ context.Context, obj *model.Owl) (*string, error) {
	return one(obj.Place, "Owl.song", wordsOrNil)
}

func (r *owlResolver) Prey(_ context.Context, objs []*model.Owl) ([]model.Being, error) {
	return all(r.Resolver, objs, "Owl.prey", being)
}

func (r *stoneResolver) Owner(_ context.Context, objs []*model.Stone) ([]model.Keeper, error) {
	return all(r.Resolver, objs, "Stone.owner", func(p model.Place) model.Keeper { return *model.NewKeeper(p.Below("owner")) })
}

func (r *stoneResolver) Mass(_ context.Context, objs []*model.Stone) ([]*float64, error) {
	return all(r.Resolver, objs, "Stone.mass", func(p model.Place) *float64 { return model.OrNil(p, "mass", float64(p.Number("mass", 99))/8) })
}

func (r *stoneResolver) Layers(_ context.Context, objs []*model.Stone) ([][]int, error) {
	return all(r.Resolver, objs, "Stone.layers", some("layers", func(p model.Place) int { return p.Number("layer", 9) }))
}

func (r *stoneResolver) Story(_ context.Context, objs []*model.Stone) ([]*string, error) {
	return all(r.Resolver, objs, "Stone.story", wordsOrNil)
}

func (r *keeperResolver) Name(_ context.Context, objs []*model.Keeper) ([]string, error) {
	return all(r.Resolver, objs, "Keeper.name", words)
}

func (r *keeperResolver) Boss(_ context.Context, objs []*model.Keeper) ([]*model.Keeper, error) {
	return all(r.Resolver, objs, "Keeper.boss", keeper)
}

func (r *keeperResolver) Animals(_ context.Context, objs []*model.Keeper, first int, size *model.Size) ([][]model.Animal, error) {
	return all(r.Resolver, objs, "Keeper.animals", func(p model.Place) []model.Animal {
		return model.ListOf(p.Below("animals", size), "animals", min(first, 3), orNone("animal", model.NewAnimal))
	})
}

func (r *keeperResolver) Finds(_ context.Context, objs []*model.Keeper) ([][]model.Find, error) {
	return all(r.Resolver, objs, "Keeper.finds", some("finds", model.NewFind))
}

func (r *keeperResolver) Years(_ context.Context, obj *model.Keeper) (*int, error) {
	return one(obj.Place, "Keeper.years", func(p model.Place) *int { return model.OrNil(p, "years", p.Number("years", 50)) })
}

func (r *noteResolver) By(_ context.Context, objs []*model.Note) ([]*model.Keeper, error) {
	return all(r.Resolver, objs, "Note.by", keeper)
}
