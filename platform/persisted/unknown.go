package persisted

import "sync"

// maxUnknown bounds how many documents are logged for not being in a manifest: anybody can send any number of them.
const maxUnknown = 1000

// unknown are the hashes of documents that have been logged. It is safe for concurrent use.
type unknown struct {
	mu     sync.Mutex
	hashes map[string]struct{}
}

// first gives the hash of a text that is to be logged, and whether it is: once, and not at all if there were too many.
func (u *unknown) first(text string) (string, bool) {
	if u.full() {
		return "", false
	}
	hash := hashOf(text)
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.hashes[hash]; ok || len(u.hashes) >= maxUnknown {
		return "", false
	}
	if u.hashes == nil {
		u.hashes = map[string]struct{}{}
	}
	u.hashes[hash] = struct{}{}
	return hash, true
}

// full says whether no more is logged.
func (u *unknown) full() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.hashes) >= maxUnknown
}
