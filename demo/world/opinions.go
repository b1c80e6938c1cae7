package world

// phrases are what reviews with one number of stars are made of; {name} and {brand} stand for the product's.
type phrases struct{ titles, openings, details, endings []string }

// opinions has the phrases for one star to five.
var opinions = [5]phrases{
	{
		titles:   []string{"Broken after a week", "Not what I ordered", "Sent it back", "Save your money", "A great disappointment"},
		openings: []string{"I sent it back after two days.", "The {name} arrived scratched.", "It broke the third time I used it.", "I had expected more from {brand}."},
		details:  []string{"The finish is rough and one part was missing.", "It smells, and airing it does not help.", "It looks nothing like the pictures.", "Nobody answers the telephone number on the box."},
		endings:  []string{"One star, because zero is not possible.", "Never again.", "At least the refund came quickly."},
	},
	{
		titles:   []string{"Too dear for what it is", "Could be much better", "Meh", "Good idea, poorly made"},
		openings: []string{"The idea is good, the execution is not.", "For this price I expected better.", "It does its job, but barely.", "I wanted to like the {name}."},
		details:  []string{"It wobbles a little and the edges are sharp.", "The colour came off after the first cleaning.", "It is smaller than the pictures suggest.", "The instructions must be a translation of a translation."},
		endings:  []string{"I keep it, but I would not buy it again.", "Look for another one.", "Perhaps mine is from a bad batch."},
	},
	{
		titles:   []string{"All right", "Does what it says", "Neither good nor bad", "Fine for the money", "Okay"},
		openings: []string{"It is all right.", "It does what it should, no more.", "Solid, but nothing special.", "I am of two minds about the {name}."},
		details:  []string{"The material is good, the seams less so.", "It took a while to get used to it.", "It is heavier than I thought.", "Delivery took nine days."},
		endings:  []string{"At half the price it would be a bargain.", "Three stars seem fair.", "We shall see how long it lasts."},
	},
	{
		titles:   []string{"Very good", "Nearly perfect", "Happy with it", "Good quality", "Would buy again"},
		openings: []string{"A good buy.", "I have had the {name} for half a year and use it nearly every day.", "Well made and good to look at.", "My second one by {brand}."},
		details:  []string{"It is a pleasure to hold.", "It is easy to clean.", "It is exactly as described.", "Setting it up took five minutes."},
		endings:  []string{"One star less for the price.", "I would buy it again.", "Only the packaging could be smaller."},
	},
	{
		titles:   []string{"Love it", "Best I ever had", "Perfect", "A present to myself ❤", "Worth every cent", "Wunderbar!"},
		openings: []string{"I love it.", "The {name} is the best I ever had.", "A present for my father, who does not stop talking about it.", "{brand} knows how it is done."},
		details:  []string{"You can feel the care that went into it.", "It is even better than in the pictures.", "After a year it still looks like new.", "It was here the next day."},
		endings:  []string{"Five stars!", "I have ordered a second one for my sister.", "Buy it, you will not regret it.", "Merci beaucoup, très bien."},
	},
}

// asides fit any opinion.
var asides = []string{
	"My partner disagrees, by the way.",
	"I had read many reviews before I decided.",
	"We use it in a household of four.",
	"The cat likes the box.",
	"I bought it for the new flat.",
	"The parcel was packed in paper only, which I like.",
	"It replaces one that lasted fifteen years.",
	"A friend had recommended it.",
}
