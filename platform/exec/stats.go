package exec

import "sync/atomic"

// Stats are what an executor has done since it was made.
type Stats struct {
	Declined    int64   // operations that were left to gqlgen's executor
	Led, Joined int64   // queries that could be shared: those that were executed, and those that were answered by them
	Scans       Lookups // of what is known of documents
	Plans       Lookups // of how they are executed
}

// Lookups are how often something kept was looked for, and how much is kept now.
type Lookups struct {
	Hits, Misses int64
	Entries      int
}

// Stats gives what the executor has done.
func (s *Schema) Stats() Stats {
	return Stats{
		Declined: s.counts.declined.Load(), Led: s.counts.led.Load(), Joined: s.counts.joined.Load(),
		Scans: s.counts.scans.lookups(s.documents.Len()), Plans: s.counts.plans.lookups(s.plans.Len()),
	}
}

// counts are Stats as they are counted.
type counts struct {
	declined, led, joined atomic.Int64
	scans, plans          found
}

// flight counts a query that can be shared, and whether it is the first of its flight.
func (c *counts) flight(first bool) {
	if first {
		c.led.Add(1)
	} else {
		c.joined.Add(1)
	}
}

// found is how often something was found, and was not.
type found struct{ hits, misses atomic.Int64 }

func (f *found) lookups(entries int) Lookups {
	return Lookups{Hits: f.hits.Load(), Misses: f.misses.Load(), Entries: entries}
}

// Declined gives how many operations were left to gqlgen's executor.
func (s *Schema) Declined() int64 { return s.counts.declined.Load() }
