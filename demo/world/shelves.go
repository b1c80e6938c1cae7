package world

// aisle is a category at the top, with those below it.
type aisle struct {
	name, description string
	shelves           []shelf
}

// shelf is a category that has products, and the words that they are made of.
type shelf struct {
	name, description string
	nouns             []string
	materials         []string
	sizes             []string // empty if its products come in one size
	uses              []string
	features          []string // at least two
	cheap, dear       int32    // the range of prices
}

var aisles = []aisle{
	{name: "Kitchen", description: "Everything to cook, bake and brew with.", shelves: []shelf{
		{
			name: "Cookware", description: "Pots and pans for every hob.", cheap: 1900, dear: 28000,
			nouns:     []string{"Casserole", "Frying Pan", "Saucepan", "Sauté Pan", "Stockpot", "Wok"},
			materials: []string{"Cast Iron", "Carbon Steel", "Stainless Steel", "Copper", "Enamelled"},
			sizes:     []string{"20 cm", "24 cm", "28 cm", "32 cm"},
			uses:      []string{"for slow cooking on any hob", "for searing and deglazing", "for every day"},
			features: []string{"It holds an even heat up to 260 °C.", "The lid closes tightly and collects the steam.",
				"The handle stays cool and hangs on any rail.", "It works on gas, induction and glass-ceramic hobs."},
		},
		{
			name: "Knives", description: "Blades that keep their edge.", cheap: 1500, dear: 24000,
			nouns:     []string{"Chef's Knife", "Bread Knife", "Paring Knife", "Santoku", "Filleting Knife", "Cleaver"},
			materials: []string{"Damascus", "Carbon Steel", "Stainless", "Forged", "Ceramic"},
			sizes:     []string{"9 cm", "15 cm", "18 cm", "21 cm"},
			uses:      []string{"for herbs, roots and everything between", "with a blade that is easy to hone", "for fine work"},
			features: []string{"The blade is ground by hand to 15° a side.", "The handle is of oiled walnut.",
				"The balance lies where the fingers are.", "It comes with a guard for the drawer."},
		},
		{
			name: "Coffee and Tea", description: "From bean and leaf to cup.", cheap: 900, dear: 32000,
			nouns:     []string{"Moka Pot", "Hand Grinder", "Kettle", "Teapot", "Pour-Over Set", "French Press"},
			materials: []string{"Brushed Steel", "Porcelain", "Borosilicate Glass", "Matt Black", "Stoneware"},
			sizes:     []string{"0.3 l", "0.6 l", "1 l", "1.5 l"},
			uses:      []string{"for the first cup of the day", "for two, or for one who is tired", "for the office kitchen"},
			features: []string{"The spout pours without dripping.", "All parts come apart for cleaning.",
				"A fine filter keeps the grounds back.", "It keeps what is in it warm for an hour."},
		},
	}},
	{name: "Home", description: "Furniture, light and fabrics to live with.", shelves: []shelf{
		{
			name: "Lighting", description: "Lamps for desks, walls and ceilings.", cheap: 2400, dear: 46000,
			nouns:     []string{"Table Lamp", "Pendant", "Floor Lamp", "Wall Light", "Reading Lamp", "Lantern"},
			materials: []string{"Brass", "Opal Glass", "Linen", "Oak", "Powder-Coated"},
			sizes:     []string{"S", "M", "L"},
			uses:      []string{"with a warm and even light", "for long evenings", "for dark corners"},
			features: []string{"It dims in seven steps.", "The cord is covered with cotton and 2.5 m long.",
				"The bulb (E27, 2700 K) can be replaced.", "The shade turns to where the light is needed."},
		},
		{
			name: "Furniture", description: "Things to sit on and to put things on.", cheap: 5900, dear: 149000,
			nouns:     []string{"Armchair", "Side Table", "Bookcase", "Stool", "Bench", "Sideboard"},
			materials: []string{"Solid Oak", "Ash", "Walnut", "Bouclé", "Steel Frame"},
			uses:      []string{"that fits in small rooms", "for the hall", "to grow old with"},
			features: []string{"The wood comes from certified forests.", "It is put together in ten minutes without tools.",
				"The surface is oiled and can be sanded.", "Felt pads protect the floor."},
		},
		{
			name: "Textiles", description: "Blankets, cushions and bed linen.", cheap: 1200, dear: 19000,
			nouns:     []string{"Blanket", "Cushion Cover", "Duvet Cover", "Towel", "Rug", "Curtain"},
			materials: []string{"Linen", "Merino Wool", "Organic Cotton", "Mohair", "Recycled Wool"},
			sizes:     []string{"50 × 50 cm", "80 × 150 cm", "135 × 200 cm", "170 × 240 cm"},
			uses:      []string{"that gets softer with every wash", "in colours that do not fade", "for cold feet"},
			features: []string{"It is woven in Portugal.", "It can be washed at 40 °C.",
				"The yarn is dyed before it is woven.", "It carries the Oeko-Tex label."},
		},
	}},
	{name: "Garden", description: "For beds, balconies and long evenings outside.", shelves: []shelf{
		{
			name: "Garden Tools", description: "Tools that outlast the season.", cheap: 700, dear: 12000,
			nouns:     []string{"Spade", "Secateurs", "Hand Fork", "Rake", "Hoe", "Watering Can"},
			materials: []string{"Forged Steel", "Stainless", "Ash-Handled", "Galvanised", "Copper"},
			uses:      []string{"for heavy soil", "for raised beds", "that lies well in the hand"},
			features: []string{"The blade is riveted, not welded.", "It is light enough for a whole afternoon.",
				"Spare parts are to be had for ten years.", "It hangs from a leather loop."},
		},
		{
			name: "Planters", description: "Pots and boxes for inside and out.", cheap: 600, dear: 18000,
			nouns:     []string{"Planter", "Window Box", "Hanging Pot", "Trough", "Seed Tray", "Plant Stand"},
			materials: []string{"Terracotta", "Zinc", "Fibre Cement", "Cedar", "Glazed"},
			sizes:     []string{"12 cm", "20 cm", "35 cm", "60 cm"},
			uses:      []string{"for herbs on the sill", "that stands the frost", "for trees that are to stay small"},
			features: []string{"A saucer keeps the floor dry.", "The hole in the bottom has a plug.",
				"It weathers to a grey patina.", "It is made by hand: no two are alike."},
		},
		{
			name: "Outdoor Cooking", description: "Fire, coals and what belongs over them.", cheap: 1900, dear: 89000,
			nouns:     []string{"Kettle Grill", "Fire Bowl", "Pizza Oven", "Dutch Oven", "Smoker", "Grill Tongs"},
			materials: []string{"Cast Iron", "Corten Steel", "Stainless Steel", "Enamelled", "Ceramic"},
			uses:      []string{"for four", "for summer and, with a coat, for winter", "that is hot in fifteen minutes"},
			features: []string{"The ash falls into a tray.", "The thermometer in the lid goes to 400 °C.",
				"Folded up it fits in the boot of a car.", "The grate can be set to three heights."},
		},
	}},
	outdoor, office, audio,
}
