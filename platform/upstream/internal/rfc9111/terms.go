package rfc9111

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Terms is for how long an answer may be used, counted by its age.
type Terms struct {
	Age             time.Duration // that it had when it was received
	Lifetime        time.Duration // how old it is when it is not fresh any more
	WhileRevalidate time.Duration // how long after that it may be used while the service is asked
	IfError         time.Duration // how long after that it may be used if the service cannot be asked
}

// TermsOf gives the terms of an answer that was requested and received at these times. personal says that it is kept for one caller alone,
// unsaid for how long an answer is fresh that does not say it. No rule of thumb takes the place of unsaid (section 4.2.2).
func TermsOf(header http.Header, personal bool, unsaid time.Duration, requested, received time.Time) Terms {
	c := ParseControl(header["Cache-Control"])
	t := Terms{Age: age(header, requested, received), Lifetime: lifetime(header, c, personal, unsaid, received)}
	if c.NoCache {
		t.Lifetime = 0
	}
	forbidden := c.NoCache || c.MustRevalidate || c.SharedMaxAge.Given && !personal // section 4.2.4
	if !forbidden {
		t.WhileRevalidate, t.IfError = c.WhileRevalidate.Value, c.IfError.Value
	}
	return t
}

// AgeAt gives the age now of an answer (section 4.2.3). It is never negative.
func (t Terms) AgeAt(received, now time.Time) time.Duration {
	return t.Age + clamp(now.Sub(received))
}

// Fresh says whether an answer of an age may be used without asking the service.
func (t Terms) Fresh(age time.Duration) bool { return age < t.Lifetime }

// FreshEnough says whether an answer of an age may be used if the service is asked after that.
func (t Terms) FreshEnough(age time.Duration) bool { return age < t.Lifetime+t.WhileRevalidate }

// StandsIn says whether an answer of an age may be used if the service was asked in vain.
func (t Terms) StandsIn(age time.Duration) bool {
	return t.IfError > 0 && age < t.Lifetime+t.IfError
}

// lifetime gives how long an answer is fresh (section 4.2.1).
func lifetime(header http.Header, c Control, personal bool, unsaid time.Duration, received time.Time) time.Duration {
	expires, said := header["Expires"]
	switch {
	case c.SharedMaxAge.Given && !personal:
		return c.SharedMaxAge.Value
	case c.MaxAge.Given:
		return c.MaxAge.Value
	case said:
		return until(expires, dateOf(header, received))
	case c.SharedMaxAge.Given || c.NoCache || c.Private || c.NoStore:
		return 0
	default:
		return clamp(unsaid)
	}
}

// until gives how long it is from a date to Expires. One that is no date, such as 0, is over; so are two that are different (section 5.3).
func until(expires []string, date time.Time) time.Duration {
	if len(slices.Compact(slices.Clone(expires))) != 1 {
		return 0
	}
	end, err := http.ParseTime(expires[0])
	if err != nil {
		return 0
	}
	return clamp(end.Sub(date))
}

// age gives the age of an answer when it was received (section 4.2.3).
func age(header http.Header, requested, received time.Time) time.Duration {
	apparent := clamp(received.Sub(dateOf(header, received)))
	first, _, _ := strings.Cut(header.Get("Age"), ",")
	said := parseSeconds(strings.Trim(first, space)) // 0 if it is no number (section 5.1)
	return max(apparent, said+clamp(received.Sub(requested)))
}

// dateOf gives when an answer was made: when it was received, if it does not say (RFC 9110, section 6.6.1).
func dateOf(header http.Header, received time.Time) time.Time {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		return date
	}
	return received
}

// clamp bounds a duration, so that several can be added.
func clamp(d time.Duration) time.Duration {
	return min(max(d, 0), maxSeconds*time.Second)
}
