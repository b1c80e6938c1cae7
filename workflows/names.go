package workflows

import "github.com/mainstem/mainstem/storage"

// Actor is who has a run: a caller, by issuer and subject.
type Actor = storage.Actor

// State is how far a run is.
type State = storage.WorkflowState

// StepState is what became of a step.
type StepState = storage.StepState

// What becomes of a step.
const (
	StepDone    = storage.StepDone
	StepRefused = storage.StepRefused
	StepFailed  = storage.StepFailed
	StepStuck   = storage.StepStuck
)
