import { useGraphiQL } from '@graphiql/react';
import { useEffect, useState, useSyncExternalStore, type CSSProperties } from 'react';
import { traces, type Attempt, type Call, type Span, type Told, type Trace } from './trace';

// Row is one line of the waterfall.
interface Row extends Span {
  name: string;
  about: string; // how much it was, and how it was answered
  source?: string; // whose colour it has
  attempts?: Attempt[]; // of a call
}

const maxRows = 300; // of each kind: a page of everything is thousands of steps
const openKey = 'mainstem:waterfall';

// Waterfall draws what was run for the answer that stands above it: calls of services, batches and steps, on one axis of time.
export function Waterfall() {
  const told = useToldOfTab();
  const asking = useSyncExternalStore(traces.subscribe, traces.asking);
  const [open, setOpen] = useState(localStorage.getItem(openKey) !== 'no');
  const toggle = () => {
    localStorage.setItem(openKey, open ? 'no' : 'yes');
    setOpen(!open);
  };
  return (
    <section className="waterfall" aria-label="Waterfall">
      <header>
        <button type="button" aria-expanded={open} onClick={toggle}>
          <span className="waterfall-chevron" aria-hidden="true" /> Waterfall
        </button>
        <p role="status">{summary(told, asking)}</p>
        <label title="Sends the header Mainstem-Trace: 1 with what you run">
          <input type="checkbox" checked={asking} onChange={e => traces.ask(e.currentTarget.checked)} /> Trace
        </label>
      </header>
      {open && told?.trace && <Chart trace={told.trace} />}
    </section>
  );
}

// useToldOfTab gives what was told last while the tab that is shown was; GraphiQL keeps answers in the same way.
function useToldOfTab(): Told | undefined {
  const news = useSyncExternalStore(traces.subscribe, traces.told);
  const tab = useGraphiQL(state => state.tabs[state.activeTabIndex]?.id ?? '');
  const [byTab, setByTab] = useState<Record<string, Told>>({});
  useEffect(() => {
    if (news) {
      setByTab(before => ({ ...before, [tab]: news }));
    }
  }, [news]); // and not of the tab: to go to another one tells nothing of it
  return byTab[tab];
}

function summary(told: Told | undefined, asking: boolean): string {
  if (!told) {
    return asking ? 'Run something, to see what is run for it.' : '';
  }
  const t = told.trace;
  if (told.running) {
    return 'Running …';
  }
  if (!t) {
    return told.asked ? 'No trace: it was refused before it ran, or you may not see traces.' : 'Not traced.';
  }
  const parts = [
    `${count(t.calls.length + (t.more?.calls ?? 0), 'call')} of ${count(new Set(t.calls.map(c => c.source)).size, 'service')}`,
    milliseconds(t.duration),
    t.executor + (t.reason ? ` (${t.reason})` : ''),
  ];
  return parts.join(' · ');
}

function Chart({ trace }: { trace: Trace }) {
  const end = Math.max(trace.duration, ...[...trace.steps, ...trace.batches, ...trace.calls].slice(0, 10_000).map(s => s.start + s.duration), 0.001);
  const ticks = ticksOf(end);
  return (
    <div className="waterfall-chart" tabIndex={0}>
      <div className="waterfall-axis" aria-hidden="true">
        <div>
          {ticks.map(t => (
            <span key={t} style={{ left: percent(t, end) }}>
              {milliseconds(t)}
            </span>
          ))}
        </div>
      </div>
      {sections(trace).map(([title, rows]) => (
        <section key={title} aria-label={title}>
          <h4>
            {title} <small>{rows.length}</small>
          </h4>
          <ol>
            {rows.slice(0, maxRows).map((row, i) => (
              <Bar key={i} row={row} end={end} ticks={ticks} />
            ))}
          </ol>
          {rows.length > maxRows && <p className="waterfall-more">and {rows.length - maxRows} more</p>}
        </section>
      ))}
    </div>
  );
}

function Bar({ row, end, ticks }: { row: Row; end: number; ticks: number[] }) {
  const time = milliseconds(row.duration);
  const about = [row.about, row.code].filter(Boolean).join(', ');
  const title = `${row.name}: from ${milliseconds(row.start)} for ${time}${about && `; ${about}`}`;
  return (
    <li className={row.code ? 'waterfall-failed' : undefined} title={title} aria-label={title}>
      <span className="waterfall-name">
        <bdi>{row.name}</bdi> <small>{row.about}</small>
      </span>
      <span className="waterfall-track" aria-hidden="true">
        {ticks.map(t => (
          <i key={t} style={{ left: percent(t, end) }} />
        ))}
        <span className="waterfall-bar" style={{ left: percent(row.start, end), width: percent(row.duration, end), '--colour': row.source && colourOf(row.source) } as CSSProperties} />
        {row.attempts && row.attempts.length > 1 && row.attempts.map((a, i) => <Try key={i} attempt={a} end={end} />)}
        <span {...placeOfTime(row, end)}>
          {time} {row.code && <b>{row.code}</b>}
        </span>
      </span>
    </li>
  );
}

// Try draws one of several attempts of a call, on the call's bar.
function Try({ attempt, end }: { attempt: Attempt; end: number }) {
  const kind = attempt.code ? 'waterfall-try-failed' : attempt.abandoned ? 'waterfall-try-abandoned' : '';
  return <span className={`waterfall-try ${kind}`} style={{ left: percent(attempt.start, end), width: percent(attempt.duration, end) }} />;
}

// placeOfTime has a row's time stand where there is room for it: behind the bar, before it, or on it.
function placeOfTime(row: Row, end: number): { className: string; style: CSSProperties } {
  const gap = (part: number) => `calc(${percent(part, end)} + 4px)`;
  const room = row.code ? 0.45 : 0.2; // of the track
  if (end - row.start - row.duration > room * end) {
    return { className: 'waterfall-time', style: { left: gap(row.start + row.duration) } };
  }
  if (row.start > room * end) {
    return { className: 'waterfall-time', style: { right: gap(end - row.start) } };
  }
  return { className: 'waterfall-time waterfall-on-bar', style: { left: gap(row.start) } };
}

// sections gives the rows of each kind, in the order in which they began.
function sections(t: Trace): [string, Row[]][] {
  const calls = t.calls.map(c => ({
    ...c,
    name: `${c.source} ${c.operation}`,
    about: aboutCall(c),
  }));
  const batches = t.batches.map(b => ({ ...b, name: b.loader, about: count(b.keys, 'key') }));
  const steps = t.steps.map(s => ({ ...s, name: s.path, about: count(s.objects, 'object') }));
  const all: [string, Row[]][] = [
    ['Calls', calls],
    ['Batches', batches],
    ['Steps', steps],
  ];
  return all.filter(([, rows]) => rows.length > 0).map(([title, rows]) => [title, rows.toSorted((a, b) => a.start - b.start)]);
}

// aboutCall says of a call what was not as in most calls.
function aboutCall(c: Call): string {
  const hedges = c.attempts.filter(a => a.hedge).length;
  return [
    c.attempts.length > 1 && `${c.attempts.length} attempts`,
    hedges > 0 && count(hedges, 'hedge'),
    c.cache && `cache ${c.cache}`,
    c.shared && 'shared',
    c.breaker && c.breaker !== 'closed' && `breaker ${c.breaker}`,
    c.limiter && `waited ${milliseconds(c.limiter.waited)} for its turn`,
    c.keys && count(c.keys, 'key'),
  ]
    .filter(Boolean)
    .join(', ');
}

const hues = new Map<string, number>();

// colourOf gives each source a colour of its own, and the same as long as the page is open.
function colourOf(source: string): string {
  const hue = hues.get(source) ?? Math.round(210 + 137.5 * hues.size) % 360;
  hues.set(source, hue);
  return `hsl(${hue} 55% 45%)`;
}

// ticksOf gives three to seven round moments of the axis.
function ticksOf(end: number): number[] {
  const rough = end / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find(n => n * power >= rough) ?? 10) * power;
  const ticks = [];
  for (let t = 0; t <= end * 0.95; t += step) {
    ticks.push(t);
  }
  return ticks;
}

function percent(part: number, whole: number): string {
  return `${Math.min(Math.max((part / whole) * 100, 0), 100)}%`;
}

function milliseconds(ms: number): string {
  if (ms >= 1000) {
    return `${+(ms / 1000).toFixed(2)} s`;
  }
  return `${+ms.toFixed(ms < 10 ? 2 : 1)} ms`;
}

function count(n: number, of: string): string {
  return `${n} ${of}${n === 1 ? '' : 's'}`;
}
