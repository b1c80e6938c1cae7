package redact

import (
	"encoding/base64"
	"regexp"
	"strings"
)

// How much of a text is looked at, and how much is shown: who makes a log line long is not to fill the disk.
const (
	maxRead  = 64 << 10
	maxShown = 8 << 10
	cut      = "… (cut)"
)

// Text gives a text without what is not to be seen. Of a long one it gives the beginning. It is safe for concurrent use.
func Text(text string) string {
	if len(text) > maxRead {
		text = text[:maxRead]
		text = text[:max(strings.LastIndexAny(text, " \n"), 0)] + cut // what is cut in two might not look like a secret any more
	}
	f := look(text)
	if f.at {
		text = userinfo.ReplaceAllStringFunc(text, withoutUser)
	}
	if f.marked {
		text = keys.ReplaceAllString(text, Hidden)
	}
	if f.digits >= leastAccount {
		text = withoutAccounts(text)
	}
	if f.plus {
		text = withoutPhones(text)
	}
	if f.digits >= leastCard {
		text = withoutCards(text)
	}
	if f.assigned { // behind those that know where a number with spaces ends
		text = withoutNamed(text)
	}
	if f.spaced {
		text = bearer.ReplaceAllString(text, "${1}"+Hidden)
		text = basic.ReplaceAllStringFunc(text, withoutBasic)
	}
	if f.at {
		text = email.ReplaceAllStringFunc(text, withoutEmail)
	}
	if len(text) > maxShown+len(cut) {
		text = strings.ToValidUTF8(text[:maxShown], "") + cut
	}
	return text
}

// features are what is in a text that is worth a closer look: most have none of it.
type features struct {
	at       bool // as e-mail addresses have it, and URLs with a password
	assigned bool // a name may be followed by its value
	marked   bool // as tokens and keys begin
	spaced   bool // as an Authorization has it
	plus     bool // as telephone numbers begin
	digits   int  // that follow each other, with signs between them or not
}

func look(text string) (f features) {
	digits := 0
	for i := range len(text) {
		c := text[i]
		switch {
		case isDigit(c):
			digits++
			f.digits = max(f.digits, digits)
			continue
		case ofJoints[c]:
		default:
			digits = 0
		}
		switch c {
		case '@':
			f.at = true
		case ':', '=':
			f.assigned = true
		case '%':
			f.assigned = true
			f.at = f.at || strings.HasPrefix(text[i:], "%40")
			f.plus = f.plus || strings.HasPrefix(text[i:], "%2")
		case ' ', '\t', '+':
			f.plus = f.plus || c == '+' && i+1 < len(text) && isDigit(text[i+1])
			f.spaced = f.spaced || i > 4 && (lower(text[i-1]) == 'r' || lower(text[i-1]) == 'c')
		case '-', 'e', 'r', 's', 'p', 'g', 'x', 'A', 'w', 'y', 'G':
			f.marked = f.marked || isMark(text[i:])
		}
	}
	return f
}

// isMark says whether a text begins as keys do.
func isMark(text string) bool {
	if len(text) < 2 || strings.IndexByte("y-khiloaKSIO", text[1]) < 0 { // the second letters, since most texts have the first
		return false
	}
	for _, mark := range marks {
		if strings.HasPrefix(text, mark) {
			return true
		}
	}
	return false
}

var marks = []string{"eyJ", "-----BEGIN", "sk_", "rk_", "pk_", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "AKIA", "ASIA", "AIza", "whsec_", "ya29.", "GOCSPX-", "sk-"}

// userinfo is what stands before the host in a URL, and goes on for as long as a password may that is not written as it should be.
var userinfo = regexp.MustCompile(`://[^\s"'<>` + "`" + `]*@`)

func withoutUser(match string) string {
	const from = len("://")
	body := match[from : len(match)-1]
	host, more := body, false
	if end := strings.IndexAny(body, "/?#"); end >= 0 {
		host, more = body[:end], true
	}
	if before, _, inside := cutLast(host, '@'); more && inside { // the path has another
		return "://" + Hidden + match[from+len(before):]
	}
	if _, port, ok := cutLast(host, ':'); more && (!ok || strings.Trim(port, "0123456789") == "") {
		return match // a path, which may have an address
	}
	return "://" + Hidden + "@"
}

func cutLast(text string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(text, sep)
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// keys are tokens and keys that are known by how they begin: those of JWT, PEM, and of widely used services.
var keys = regexp.MustCompile(`eyJ[\w\-=]*\.[\w\-=.]*` +
	`|-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*-----|$)` +
	`|\b[rsp]k_(?:live|test)_\w+|\bgh[opusr]_\w{16,}|\bgithub_pat_\w+|\bglpat-[\w\-]+|\bxox[abeoprs]-[\w\-]+|\bA[KS]IA[0-9A-Z]{12,}|\bAIza[\w\-]{30,}` +
	`|\bwhsec_\w+|\bya29\.[\w\-]+|\bGOCSPX-[\w\-]+|\bsk-[\w\-]{20,}`)

var (
	bearer = regexp.MustCompile(`(?i)(\bbearer[ \t+]+)[^\s"'<>,;]+`)
	basic  = regexp.MustCompile(`(?i)\bbasic[ \t+]+[a-z0-9+/_\-]{4,}={0,2}`)
)

// withoutBasic hides what is a name and a password in base64, and not just a word.
func withoutBasic(match string) string {
	scheme, value := match[:len("basic")+1], strings.Trim(match[len("basic"):], " \t\r\n+=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if decoded, err := encoding.DecodeString(value); err == nil && strings.Contains(string(decoded), ":") {
			return scheme + Hidden
		}
	}
	return match
}

var email = regexp.MustCompile(`(?:"[^"\s]+"|[\p{L}\p{M}\p{N}._%+!#$'*^{|}~\-]+)(?:@|%40)(?:\[[^\]\s]*\]|[\p{L}\p{M}\p{N}.\-]+)`)

// withoutEmail hides an address, whose domain ends in a label that begins with a letter. The versions of modules do not.
func withoutEmail(match string) string {
	_, domain, ok := cutLast(match, '@')
	if !ok {
		_, domain, _ = strings.Cut(match, "%40")
	}
	domain = strings.TrimRight(domain, ".-")
	_, last, ok := cutLast(domain, '.')
	if !ok {
		last = domain
	}
	if last == "" || '0' <= last[0] && last[0] <= '9' {
		return match
	}
	return Hidden
}
