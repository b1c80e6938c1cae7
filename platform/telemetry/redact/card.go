package redact

import "strings"

// Cards have from 13 to 19 digits.
const (
	leastCard = 13
	mostCard  = 19
)

// joint gives how long what a text begins with is that may stand between groups of a number; 0 for nothing.
func joint(text string) int {
	for _, j := range joints {
		if strings.HasPrefix(text, j) {
			return len(j)
		}
	}
	return 0
}

var joints = []string{"  ", " ", "-", ".", "_", "/", "+", "%20", "\u00a0", "\u202f"}

// ofJoints has the bytes that joints are made of.
var ofJoints = func() (has [256]bool) {
	for _, c := range []byte(strings.Join(joints, "")) {
		has[c] = !isDigit(c)
	}
	return has
}()

// groupsAt gives where the groups of digits are of the number that begins at a place of a text.
func groupsAt(text string, begin int) (groups [][2]int) {
	for at := begin; ; {
		end := at
		for end < len(text) && isDigit(text[end]) {
			end++
		}
		groups = append(groups, [2]int{at, end})
		at = end + joint(text[end:])
		if at == end || at == len(text) || !isDigit(text[at]) {
			return groups
		}
	}
}

// withoutCards hides the numbers of cards, written in groups or not.
func withoutCards(text string) string {
	safe := hiding{text: text}
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			continue
		}
		groups := groupsAt(text, i)
		i = groups[len(groups)-1][1]
		for _, card := range cardsIn(text, groups) {
			safe.hide(card[0], card[1])
		}
	}
	return safe.String()
}

// cardsIn gives where cards are in groups of digits: each from the beginning of a group to the end of one.
func cardsIn(text string, groups [][2]int) (found [][2]int) {
	for first := 0; first < len(groups); first++ {
		begin, number, last := groups[first][0], "", -1
		for i := first; i < len(groups) && len(number) < mostCard; i++ {
			end := groups[i][1]
			number += text[groups[i][0]:end]
			if isCard(number) && !isHex(text, begin, end) {
				last = i
			}
		}
		if last >= 0 {
			found = append(found, [2]int{begin, groups[last][1]})
			first = last
		}
	}
	return found
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isHex says whether digits are some of a longer hexadecimal number, as those of hashes and ids are.
func isHex(text string, from, to int) bool {
	isHex := func(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'f' }
	begin, end := from, to
	for begin > 0 && isHex(text[begin-1]) {
		begin--
	}
	for end < len(text) && isHex(text[end]) {
		end++
	}
	switch length := end - begin; length {
	case 16, 32, 40, 64:
		return length > to-from && strings.Trim(text[begin:end], "0123456789") != ""
	default:
		return false
	}
}

// isCard says whether digits are the number of a card: it begins as one of a bank's or a shop's does, and its check digit is right.
func isCard(number string) bool {
	if len(number) < leastCard || len(number) > mostCard || number[0] < '2' || number[0] > '6' {
		return false
	}
	if prefix := number[:4]; prefix[0] == '2' && (prefix < "2221" || prefix > "2720") {
		return false
	}
	sum := 0
	for i := range len(number) {
		if !isDigit(number[i]) {
			return false
		}
		d := int(number[i] - '0')
		if (len(number)-i)%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
