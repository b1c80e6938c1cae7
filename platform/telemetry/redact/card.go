package redact

import "strings"

// Cards have from 13 to 19 digits.
const (
	leastCard = 13
	mostCard  = 19
)

// joins says whether a sign may stand between groups of a number.
func joins(c byte) bool { return c == ' ' || c == '-' || c == '.' || c == '_' || c == '/' }

// numberAt gives where the number ends that begins at a place of a text.
func numberAt(text string, begin int) (end int) {
	for end = begin; end < len(text); end++ {
		joined := joins(text[end]) && end+1 < len(text) && isDigit(text[end+1])
		if !isDigit(text[end]) && !joined {
			break
		}
	}
	return end
}

// withoutCards hides the numbers of cards, written in groups or not.
func withoutCards(text string) string {
	var safe strings.Builder
	from := 0
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) {
			continue
		}
		end := numberAt(text, i)
		if end-i >= leastCard {
			for _, card := range cardsIn(text, i, end) {
				safe.WriteString(text[from:card[0]])
				safe.WriteString(Hidden)
				from = card[1]
			}
		}
		i = end
	}
	if from == 0 {
		return text
	}
	safe.WriteString(text[from:])
	return safe.String()
}

// cardsIn gives where cards are in groups of digits: each from the beginning of a group to the end of one.
func cardsIn(text string, from, to int) (found [][2]int) {
	for start := from; start < to; {
		number, end := "", -1
		for i := start; i <= to && len(number) <= mostCard; {
			next := i
			for next < to && isDigit(text[next]) {
				next++
			}
			number += text[i:next]
			if isCard(number) && !isHex(text, start, next) {
				end = next
			}
			i = next + 1
		}
		if end > 0 {
			found = append(found, [2]int{start, end})
			start = end
		}
		for start < to && isDigit(text[start]) {
			start++
		}
		start++
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
