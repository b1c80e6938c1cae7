package redact

import "strings"

// leastAccount is how many digits follow each other at least in the number of an account.
const leastAccount = 8

// accounts are how many letters and digits an IBAN has, by its country: as SWIFT's registry has them.
var accounts = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28,
	"CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23,
	"GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18,
	"NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19,
	"SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

// withoutAccounts hides the numbers of bank accounts (IBAN), written in groups or not.
func withoutAccounts(text string) string {
	safe := hiding{text: text}
	for i := 0; i+4 < len(text); i++ {
		if !isLetter(text[i]) || !isLetter(text[i+1]) || !isDigit(text[i+2]) || !isDigit(text[i+3]) || i > 0 && isWord(text[i-1]) {
			continue
		}
		if end := accountAt(text, i); end > 0 {
			safe.hide(i, end)
			i = end - 1
		}
	}
	return safe.String()
}

// accountAt gives where the IBAN ends that begins at a place of a text; 0 if there is none.
func accountAt(text string, begin int) (end int) {
	length := accounts[strings.ToUpper(text[begin:begin+2])]
	number := make([]byte, 0, length)
	for end = begin; len(number) < length; {
		if end < len(text) && end > begin && !isWord(text[end]) {
			end += joint(text[end:])
		}
		if end >= len(text) || !isWord(text[end]) {
			return 0
		}
		number = append(number, lower(text[end]))
		end++
	}
	if length == 0 || end < len(text) && isWord(text[end]) || !checks(number) {
		return 0
	}
	return end
}

// checks says whether the check digits of an IBAN are right: with its first four behind the rest, and each letter as a number of two digits, it is 1 modulo 97.
func checks(number []byte) bool {
	rest := 0
	for i := range number {
		if c := number[(i+4)%len(number)]; isDigit(c) {
			rest = (rest*10 + int(c-'0')) % 97
		} else {
			rest = (rest*100 + int(c-'a') + 10) % 97
		}
	}
	return rest == 1
}

func isLetter(c byte) bool { return 'a' <= lower(c) && lower(c) <= 'z' }

func isWord(c byte) bool { return isLetter(c) || isDigit(c) }
