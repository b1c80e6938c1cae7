import { createGraphiQLFetcher, isAsyncIterable, type Fetcher } from '@graphiql/toolkit';
import { Kind, parse, type DocumentNode } from 'graphql';
import { isTrace, traces, type Trace } from './trace';

const traceHeader = 'Mainstem-Trace';
const graphql = new URL('graphql', document.baseURI);
const subscriptions = new URL(graphql);
subscriptions.protocol = graphql.protocol === 'https:' ? 'wss:' : 'ws:';

// Accept says which answers can be read: parts that come later are, when the gateway sends them.
const accept = 'multipart/mixed;incrementalSpec=v0.2, application/graphql-response+json, application/json;q=0.9';

type Params = Parameters<Fetcher>[0];
type Headers = Record<string, unknown>;

// fetcher asks the gateway for GraphiQL, notes what the answer tells of how it came about, and ends the request when it is stopped.
export const fetcher: Fetcher = async (typed, options) => {
  const [params, documentAST] = asTyped(typed);
  if (params.operationName === 'IntrospectionQuery') {
    return ask(params, { headers: { ...options?.headers }, documentAST }, new AbortController().signal);
  }
  const own: Headers = { ...options?.headers };
  const wanted = Object.keys(own).some(name => name.toLowerCase() === traceHeader.toLowerCase());
  const note = new Note(traces.asking() || wanted, !wanted);
  const headers: Headers = { Accept: accept, ...(traces.asking() && !wanted ? { [traceHeader]: '1' } : {}), ...own };
  traces.tell({ asked: false, running: true });
  const aborted = new AbortController();
  try {
    const answer = await ask(params, { headers, documentAST }, aborted.signal);
    if (isAsyncIterable(answer)) {
      return new Answers(answer as AsyncIterable<object>, note, aborted) as unknown as ReturnType<Fetcher>;
    }
    throw new Error('GraphiQL asks in a way that is not known');
  } catch (failure) {
    note.tell(true);
    throw failure;
  }
};

// asTyped reads the document again: who types and runs is faster than GraphiQL, which finds the operation's name a moment later.
function asTyped(params: Params): [Params, DocumentNode | undefined] {
  try {
    const document = parse(params.query);
    const known = document.definitions.some(d => d.kind === Kind.OPERATION_DEFINITION && d.name?.value === params.operationName);
    return [known ? params : { ...params, operationName: undefined }, document];
  } catch {
    return [{ ...params, operationName: undefined }, undefined]; // the gateway says what is wrong with it
  }
}

function ask(params: Params, options: { headers: Headers; documentAST?: DocumentNode }, signal: AbortSignal) {
  return createGraphiQLFetcher({
    url: graphql.href,
    subscriptionUrl: subscriptions.href, // its connection is begun with the headers, since browsers cannot send them
    fetch: (input, init) => fetch(input, { ...init, signal }),
  })(params, options);
}

// Note finds the trace in an operation's answers, and takes it out of what is shown of them unless people asked for it themselves.
class Note {
  private trace?: Trace;

  constructor(
    private readonly asked: boolean,
    private readonly hide: boolean,
  ) {}

  read(answer: unknown): unknown {
    if (Array.isArray(answer)) {
      return answer.map(part => this.read(part));
    }
    const { extensions, ...rest } = (answer ?? {}) as { extensions?: Record<string, unknown> };
    if (!extensions || !isTrace(extensions.trace)) {
      return answer;
    }
    this.trace = extensions.trace;
    if (!this.hide) {
      return answer;
    }
    const { trace: _, ...others } = extensions;
    return Object.keys(others).length > 0 ? { ...rest, extensions: others } : rest;
  }

  tell(stopped = false) {
    traces.tell({ trace: this.trace, asked: this.asked && !stopped });
  }
}

// Answers are those of one operation. To return ends the request at once; a generator would wait for the next answer before.
class Answers implements AsyncIterableIterator<unknown> {
  private readonly answers: AsyncIterator<object>;

  constructor(
    answers: AsyncIterable<object>,
    private readonly note: Note,
    private readonly aborted: AbortController,
  ) {
    this.answers = answers[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      const { done, value } = await this.answers.next();
      if (done) {
        return { done, value: undefined };
      }
      const shown = this.note.read(value);
      this.note.tell();
      return { value: shown };
    } catch (failure) {
      if (this.aborted.signal.aborted) {
        return { done: true, value: undefined };
      }
      this.note.tell();
      throw failure;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.note.tell(true);
    this.aborted.abort();
    void this.answers.return?.();
    return { done: true, value: undefined };
  }
}
