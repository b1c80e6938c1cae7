package zoo

import (
	"context"

	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

type (
	denResolver   struct{ *Resolver }
	nestResolver  struct{ *Resolver }
	siteResolver  struct{ *Resolver }
	mazeResolver  struct{ *Resolver }
	roomResolver  struct{ *Resolver }
	crateResolver struct{ *Resolver }
	ghostResolver struct{ *Resolver }
	stepResolver  struct{ *Resolver }
)

// Den gives the resolvers of dens.
func (r *Resolver) Den() graph.DenResolver { return &denResolver{r} }

// Nest gives the resolvers of nests.
func (r *Resolver) Nest() graph.NestResolver { return &nestResolver{r} }

// Site gives the resolvers of sites.
func (r *Resolver) Site() graph.SiteResolver { return &siteResolver{r} }

// Maze gives the resolvers of mazes.
func (r *Resolver) Maze() graph.MazeResolver { return &mazeResolver{r} }

// Room gives the resolvers of rooms.
func (r *Resolver) Room() graph.RoomResolver { return &roomResolver{r} }

// Crate gives the resolvers of crates.
func (r *Resolver) Crate() graph.CrateResolver { return &crateResolver{r} }

// Ghost gives the resolvers of ghosts.
func (r *Resolver) Ghost() graph.GhostResolver { return &ghostResolver{r} }

// Step gives the resolvers of a mutation's steps.
func (r *Resolver) Step() graph.StepResolver { return &stepResolver{r} }

func room(p model.Place) model.Room { return *model.NewRoom(p) }

var roomOrNil = orNil("room", model.NewRoom)

func (r *denResolver) Guests(_ context.Context, objs []*model.Den) ([][]model.Being, error) {
	return all(r.Resolver, objs, "Den.guests", some("guests", being))
}

func (r *denResolver) Lion(_ context.Context, obj *model.Den) (*model.Lion, error) {
	return one(obj.Place, "Den.lion", lion)
}

func (r *nestResolver) Guests(_ context.Context, obj *model.Nest) ([]model.Being, error) {
	return one(obj.Place, "Nest.guests", some("guests", model.NewBeing))
}

func (r *nestResolver) Mood(_ context.Context, objs []*model.Nest) ([]model.Mood, error) {
	return all(r.Resolver, objs, "Nest.mood", mood)
}

func (r *siteResolver) Guests(_ context.Context, objs []*model.Site) ([][]model.Being, error) {
	return all(r.Resolver, objs, "Site.guests", some("guests", model.NewBeing))
}

func (r *mazeResolver) Rooms(_ context.Context, objs []*model.Maze) ([][][]model.Room, error) {
	return all(r.Resolver, objs, "Maze.rooms", func(p model.Place) [][]model.Room { return model.Lists(p, "rooms", false, room) })
}

func (r *mazeResolver) RoomsLoose(_ context.Context, objs []*model.Maze) ([][][]*model.Room, error) {
	return all(r.Resolver, objs, "Maze.roomsLoose", func(p model.Place) [][]*model.Room { return model.Lists(p, "rooms", true, roomOrNil) })
}

func (r *mazeResolver) RoomsDeep(_ context.Context, objs []*model.Maze) ([][][][]*model.Room, error) {
	return all(r.Resolver, objs, "Maze.roomsDeep", func(p model.Place) [][][]*model.Room {
		return model.Lists(p, "rooms", false, some("rooms", roomOrNil))
	})
}

func (r *mazeResolver) Exhibits(_ context.Context, obj *model.Maze) ([][]model.Exhibit, error) {
	return one(obj.Place, "Maze.exhibits", func(p model.Place) [][]model.Exhibit {
		return model.Lists(p, "exhibits", false, orNone("exhibit", model.NewExhibit))
	})
}

func (r *mazeResolver) ExhibitsDeep(_ context.Context, obj *model.Maze) ([][][]model.Exhibit, error) {
	return one(obj.Place, "Maze.exhibitsDeep", func(p model.Place) [][][]model.Exhibit {
		return model.Lists(p, "exhibits", false, some("exhibits", model.NewExhibit))
	})
}

func (r *mazeResolver) Animals(_ context.Context, obj *model.Maze) ([][]model.Animal, error) {
	return one(obj.Place, "Maze.animals", func(p model.Place) [][]model.Animal { return model.Lists(p, "animals", true, model.NewAnimal) })
}

func (r *mazeResolver) Numbers(_ context.Context, objs []*model.Maze) ([][][]*int, error) {
	return all(r.Resolver, objs, "Maze.numbers", func(p model.Place) [][]*int {
		return model.Lists(p, "numbers", false, func(p model.Place) *int { return model.OrNil(p, "n", 1) })
	})
}

func (r *mazeResolver) Moods(_ context.Context, objs []*model.Maze) ([][][]model.Mood, error) {
	return all(r.Resolver, objs, "Maze.moods", func(p model.Place) [][]model.Mood { return model.Lists(p, "moods", false, mood) })
}

func (r *roomResolver) Keeper(_ context.Context, objs []*model.Room) ([]model.Keeper, error) {
	return all(r.Resolver, objs, "Room.keeper", func(p model.Place) model.Keeper { return *model.NewKeeper(p.Below("keeper")) })
}

func (r *roomResolver) Title(_ context.Context, obj *model.Room) (string, error) {
	return one(obj.Place, "Room.title", words)
}

func (r *roomResolver) Doors(_ context.Context, objs []*model.Room) ([][][]*model.Room, error) {
	return all(r.Resolver, objs, "Room.doors", func(p model.Place) [][]*model.Room { return model.Lists(p, "doors", true, roomOrNil) })
}

func (r *roomResolver) Guest(_ context.Context, objs []*model.Room) ([]model.Being, error) {
	return all(r.Resolver, objs, "Room.guest", model.NewBeing)
}

func (r *crateResolver) Owner(_ context.Context, objs []map[string]any) ([]*model.Keeper, error) {
	places := make([]*model.Place, len(objs))
	for i, obj := range objs {
		if p, ok := obj[""].(model.Place); ok {
			places[i] = &p
		}
	}
	return allAt(r.Resolver, places, "Crate.owner", keeper)
}

func (r *ghostResolver) Haunts(_ context.Context, objs []model.Ghost) ([][]model.Being, error) {
	places := make([]*model.Place, len(objs))
	for i, obj := range objs {
		if obj != nil {
			p := obj.At()
			places[i] = &p
		}
	}
	return allAt(r.Resolver, places, "Ghost.haunts", some("haunts", model.NewBeing))
}

func (r *stepResolver) Lion(_ context.Context, objs []*model.Step) ([]*model.Lion, error) {
	return all(r.Resolver, objs, "Step.lion", lion)
}

func (r *stepResolver) Next(_ context.Context, obj *model.Step) (*model.Step, error) {
	return one(obj.Place, "Step.next", orNil("next", func(p model.Place) *model.Step { return &model.Step{Place: p, Number: obj.Number} }))
}
