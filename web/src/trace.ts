// What the gateway tells in `extensions.trace`. Times are milliseconds since the execution began.

export interface Span {
  start: number;
  duration: number;
  code?: string; // of the fault that ended it
}

export interface Step extends Span {
  path: string;
  field: string;
  objects: number;
}

export interface Batch extends Span {
  loader: string;
  source: string;
  keys: number;
}

export interface Call extends Span {
  source: string;
  operation: string;
  keys?: number;
  attempts: Attempt[];
  cache?: string; // hit, miss, revalidated or stale; nothing where no answer may be kept
  shared?: boolean; // whether a call that was under way was joined
  breaker?: string; // closed, half-open, or open: refused
  limiter?: { waited: number; queue: number; limit: number };
}

// Attempt is one time that a call reached its service.
export interface Attempt {
  start: number;
  duration: number;
  status?: string; // as HTTP or gRPC have it
  code?: string;
  hedge?: boolean; // whether it is the second of two at once
  abandoned?: boolean; // whether its answer was not waited for
}

export interface Trace {
  executor: string;
  reason?: string; // why not the compiled one
  duration: number;
  steps: Step[];
  batches: Batch[];
  calls: Call[];
  more?: { steps?: number; batches?: number; calls?: number }; // that are not shown
}

// Told is what is known of the last operation: its trace, or that it has none although one was asked for. Each is an object of its own.
export interface Told {
  trace?: Trace;
  asked: boolean;
  running?: boolean; // and nothing is known yet
}

const askKey = 'mainstem:trace';
let told: Told | undefined;
let asking = localStorage.getItem(askKey) !== 'no';
const listeners = new Set<() => void>();

function changed() {
  for (const listener of listeners) {
    listener();
  }
}

// traces holds what is told, and whether to ask for it, for React's useSyncExternalStore.
export const traces = {
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  },
  told: () => told,
  asking: () => asking,
  tell(news: Told) {
    told = news;
    changed();
  },
  ask(on: boolean) {
    asking = on;
    localStorage.setItem(askKey, on ? 'yes' : 'no');
    changed();
  },
};

// isTrace says whether a value is a trace as far as it is drawn: what answers is not always this gateway.
export function isTrace(value: unknown): value is Trace {
  const t = value as Trace | null;
  return typeof t === 'object' && t !== null && [t.steps, t.batches, t.calls].every(areSpans) && t.calls.every(c => Array.isArray(c.attempts) && areSpans(c.attempts));
}

function areSpans(list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.every((s: Span | null) => typeof s === 'object' && s !== null && Number.isFinite(s.start) && Number.isFinite(s.duration))
  );
}
