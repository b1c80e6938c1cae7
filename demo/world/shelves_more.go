package world

var outdoor = aisle{name: "Outdoor", description: "For those who sleep under the sky.", shelves: []shelf{
	{
		name: "Tents", description: "Roofs that fit in a rucksack.", cheap: 8900, dear: 98000,
		nouns:     []string{"Dome Tent", "Tunnel Tent", "Tarp", "Bivouac", "Family Tent", "Hammock"},
		materials: []string{"Ripstop", "Silnylon", "Cotton Blend", "Recycled Polyester", "Ultralight"},
		sizes:     []string{"1P", "2P", "3P", "4P"},
		uses:      []string{"for three seasons", "for the high mountains", "that one person pitches alone"},
		features: []string{"The floor holds a water column of 8,000 mm.", "Two entrances mean no climbing over each other.",
			"The poles are marked by colour.", "It weighs less than a full bottle of water per person."},
	},
	{
		name: "Backpacks", description: "To carry much, or little well.", cheap: 3900, dear: 34000,
		nouns:     []string{"Daypack", "Trekking Pack", "Duffel", "Roll-Top Pack", "Hip Bag", "Child Carrier"},
		materials: []string{"Waxed Canvas", "Recycled Nylon", "Cordura", "Leather-Trimmed", "Waterproof"},
		sizes:     []string{"12 l", "22 l", "38 l", "65 l"},
		uses:      []string{"for the way to work and the way out", "with a back that lets air through", "for a week"},
		features: []string{"The hip belt takes most of the weight.", "A pocket inside is for a 15″ laptop.",
			"The rain cover has its own pocket.", "Straps at the side hold poles or skis."},
	},
	{
		name: "Sleeping Bags", description: "Warm nights, small pack sizes.", cheap: 4900, dear: 69000,
		nouns:     []string{"Mummy Bag", "Quilt", "Sleeping Mat", "Liner", "Double Bag", "Camp Pillow"},
		materials: []string{"Down", "Synthetic", "Merino", "Wide", "Ultralight"},
		sizes:     []string{"Regular", "Long"},
		uses:      []string{"for nights down to −7 °C", "for huts and hostels", "for people who turn over"},
		features: []string{"The zip does not catch.", "It packs to the size of a loaf of bread.",
			"The down is traced from the farm on.", "A collar keeps the shoulders warm."},
	},
}}

var office = aisle{name: "Office", description: "For desks, at work and at home.", shelves: []shelf{
	{
		name: "Paper", description: "Notebooks, pads and cards.", cheap: 300, dear: 6500,
		nouns:     []string{"Notebook", "Sketchbook", "Planner", "Index Cards", "Letter Set", "Desk Pad"},
		materials: []string{"Linen-Bound", "Cloth-Bound", "Recycled", "Leather", "Stitched"},
		sizes:     []string{"A6", "A5", "B5", "A4"},
		uses:      []string{"with paper that likes ink", "for lists, plans and second thoughts", "that lies flat when open"},
		features: []string{"The paper weighs 100 g/m² and is free of acid.", "The pages are numbered.",
			"Two ribbons mark the place.", "A pocket in the back holds receipts."},
	},
	{
		name: "Pens", description: "To write, draw and mark with.", cheap: 200, dear: 22000,
		nouns:     []string{"Fountain Pen", "Ballpoint", "Mechanical Pencil", "Rollerball", "Fineliner Set", "Ink Bottle"},
		materials: []string{"Brass", "Aluminium", "Resin", "Matt Black", "Cedar"},
		uses:      []string{"for long letters", "that writes at once, even after weeks", "for the shirt pocket"},
		features: []string{"The nib is of gold-plated steel.", "It takes standard refills.",
			"The clip is spring-loaded.", "The barrel is turned from one piece."},
	},
	{
		name: "Desk Organisers", description: "A place for everything.", cheap: 800, dear: 15000,
		nouns:     []string{"Monitor Stand", "Pen Tray", "Letter Rack", "Cable Box", "Drawer Unit", "Bookend"},
		materials: []string{"Bamboo", "Oak", "Powder-Coated Steel", "Felt", "Cork"},
		uses:      []string{"for tidy minds", "for desks that are too small", "that stacks"},
		features: []string{"Rubber feet keep it where it is.", "The back has an opening for cables.",
			"It comes flat and is ready in a minute.", "It carries up to 20 kg."},
	},
}}

var audio = aisle{name: "Audio", description: "To hear more of what is there.", shelves: []shelf{
	{
		name: "Headphones", description: "For the ears alone.", cheap: 2900, dear: 59000,
		nouns:     []string{"Over-Ear Headphones", "Earbuds", "Studio Headphones", "Sports Earphones", "Headset", "Earphones"},
		materials: []string{"Wireless", "Noise-Cancelling", "Closed-Back", "Open-Back", "Wired"},
		uses:      []string{"for trains and open-plan offices", "with a sound that does not tire", "for the mixing desk"},
		features: []string{"The battery lasts 30 hours; ten minutes of charging give three more.",
			"The ear pads can be changed without tools.", "It connects to two devices at once.", "It folds flat for the bag."},
	},
	{
		name: "Speakers", description: "For rooms, gardens and bathrooms.", cheap: 3900, dear: 120000,
		nouns:     []string{"Bookshelf Speaker", "Soundbar", "Portable Speaker", "Subwoofer", "Kitchen Radio", "Turntable"},
		materials: []string{"Walnut", "Active", "Wireless", "Waterproof", "White"},
		uses:      []string{"for rooms up to 25 m²", "for garden and beach", "that sounds larger than it is"},
		features: []string{"The cabinet is glued and screwed by hand.", "Two of them make a stereo pair.",
			"It survives half an hour under water (IP67).", "An app sets the room correction."},
	},
	{
		name: "Chargers and Cables", description: "Power and the way to it.", cheap: 600, dear: 14000,
		nouns:     []string{"Wall Charger", "Power Bank", "USB-C Cable", "Charging Pad", "Audio Cable", "Travel Adapter"},
		materials: []string{"Braided", "Compact", "GaN", "Recycled", "Foldable"},
		uses:      []string{"for laptop and telephone", "for the bedside", "for half the world's sockets"},
		features: []string{"It charges with up to 65 W.", "It is tested for 10,000 bends.",
			"It switches off when it gets too warm.", "A small light shows that it is charging."},
	},
}}

// series are the names that brands give to their lines.
var series = []string{
	"Alder", "Alster", "Ærø", "Bergen", "Birk", "Brook", "Calla", "Cinder", "Dover", "Dune", "Elm", "Ember", "Fjord", "Flint",
	"Grove", "Halden", "Harz", "Heath", "Iris", "Isar", "Juniper", "Kestrel", "Klara", "Lund", "Lyra", "Märkisch", "Marsh", "Nord",
	"Nova", "Oker", "Ostra", "Pavo", "Quarz", "Ridge", "Rhön", "Sable", "Söder", "Spree", "Tarn", "Thorn", "Umbra", "Vale", "Vega",
	"Weser", "Wren", "Yarrow", "Zephyr", "Zinnia",
}

var promises = []string{
	"{brand} gives ten years' warranty on it.",
	"Designed and made by {brand}.",
	"{brand} repairs it if it breaks.",
	"It ships in paper, without plastic.",
	"Like all of {brand}'s products it comes without a needless box.",
	"A classic by {brand}, unchanged for years.",
}
