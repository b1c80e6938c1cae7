package persisted

import "sync/atomic"

// Stats are what became of requests since the store was made, and how many documents it knows.
type Stats struct {
	Trusted     int64 // documents of requests that the manifest has
	Registered  int64 // that clients had registered
	Missing     int64 // that nobody knows
	Unsupported int64 // that nobody could know, as there are no such documents
	Mismatch    int64 // that are not what the request names
	Forbidden   int64 // that are not executed, as the manifest lacks them

	Registrations int64 // documents that clients have registered
	InManifest    int   // documents now
	RegisteredNow int   // documents now, about
}

// Stats gives what became of requests.
func (s *Store) Stats() Stats {
	st := Stats{
		Trusted: s.counts.trusted.Load(), Registered: s.counts.registered.Load(), Missing: s.counts.missing.Load(),
		Unsupported: s.counts.unsupported.Load(), Mismatch: s.counts.mismatch.Load(), Forbidden: s.counts.forbidden.Load(),
		Registrations: s.counts.registrations.Load(),
	}
	if s.manifest != nil {
		st.InManifest = len(s.manifest.current.Load().texts)
	}
	if s.registered != nil {
		st.RegisteredNow = s.registered.EstimatedSize()
	}
	return st
}

// Trusted says whether the manifest has a text, as it was last read.
func (s *Store) Trusted(text string) bool {
	return s.manifest != nil && s.manifest.current.Load().has(text)
}

// counts are Stats as they are counted.
type counts struct {
	trusted, registered, missing, unsupported, mismatch, forbidden, registrations atomic.Int64
}
