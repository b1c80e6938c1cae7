package orders

import (
	"fmt"
	"maps"
	"slices"
)

// members are the required members of an object, and what is required of them. A list requires the same of all its elements.
type members map[string]members

var (
	moneyMembers = members{"minor_units": nil, "currency": nil}

	newOrderMembers = members{
		"customer_id":   nil,
		"lines":         {"sku": nil, "name": nil, "quantity": nil, "unit_price": moneyMembers},
		"shipping_cost": moneyMembers,
		"tax":           moneyMembers,
		"ship_to":       {"recipient": nil, "street": nil, "city": nil, "postal_code": nil, "country": nil},
	}

	undoCreateMembers = members{"creation_key": nil}
)

// present adds what is required and missing, or null, in a JSON value: once it is decoded, a price that was left out would look
// like a price of nothing.
func (v *violations) present(at string, value any, required members) {
	switch value := value.(type) {
	case []any:
		for i, element := range value {
			v.add(element != nil, fmt.Sprintf("%s/%d", at, i), "It is required.")
			v.present(fmt.Sprintf("%s/%d", at, i), element, required)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(required)) {
			v.add(value[name] != nil, at+"/"+name, "It is required.")
			v.present(at+"/"+name, value[name], required[name])
		}
	}
}
