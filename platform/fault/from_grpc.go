package fault

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// FromGRPC gives the fault that a gRPC status other than OK stands for. Of its details, BadRequest gives Violations, RetryInfo
// gives RetryAfter and ErrorInfo gives the Reason (https://google.aip.dev/193); without one, the Reason is the code's name.
func FromGRPC(err error) *Error {
	st := status.Convert(err)
	f := Wrap(codeOfGRPC(st.Code()), err)
	f.Reason = st.Code().String()
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			f.Reason = d.GetReason()
		case *errdetails.RetryInfo:
			f.RetryAfter = min(max(d.GetRetryDelay().AsDuration(), 0), maxRetryAfter)
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				f.addViolation(v.GetField(), v.GetDescription())
			}
		}
	}
	return f
}

func codeOfGRPC(c codes.Code) Code {
	switch c {
	case codes.InvalidArgument, codes.OutOfRange:
		return BadUserInput
	case codes.Unauthenticated, codes.PermissionDenied:
		return Forbidden
	case codes.NotFound:
		return NotFound
	case codes.AlreadyExists, codes.Aborted:
		return Conflict
	case codes.FailedPrecondition:
		return PreconditionFailed
	case codes.ResourceExhausted:
		return RateLimited
	case codes.Unavailable:
		return SourceUnavailable
	case codes.DeadlineExceeded, codes.Canceled:
		return SourceTimeout
	case codes.Unimplemented:
		return SourceContractViolation
	case codes.Internal, codes.Unknown, codes.DataLoss:
		return SourceFailed
	case codes.OK:
		return Internal
	}
	return SourceContractViolation // a status that gRPC does not define
}
