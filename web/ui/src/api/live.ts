/** What happens in the daemon, as it happens: server-sent events, shared by all parts of the page. Where they do not come
 * through (an old proxy), the page asks every few seconds instead, while somebody looks at it. */

export type LiveKind = 'job' | 'method' | 'check' | 'source';
export interface LiveEvent {
  kind: LiveKind | 'resync';
  id?: string;
  name?: string;
  state?: string;
}

const KINDS: readonly LiveKind[] = ['job', 'method', 'check', 'source'];
const POLL_MS = 10_000;
const RETRY_MS = 5_000;

type Listener = (event: LiveEvent) => void;
const listeners = new Set<Listener>();
const watchers = new Set<(connected: boolean) => void>();

let source: EventSource | null = null;
let timer: ReturnType<typeof setInterval> | undefined;
let wanted = false;
let connected = false;
let interrupted = false;

function tell(event: LiveEvent): void {
  for (const listener of listeners) listener(event);
}

function setConnected(now: boolean): void {
  if (connected === now) return;
  connected = now;
  for (const watcher of watchers) watcher(now);
}

function parse(kind: LiveKind, data: string): LiveEvent {
  try {
    return { ...(JSON.parse(data) as object), kind };
  } catch {
    return { kind };
  }
}

function stopPolling(): void {
  clearInterval(timer);
  timer = undefined;
}

function poll(): void {
  timer ??= setInterval(() => {
    if (document.visibilityState === 'visible') tell({ kind: 'resync' });
  }, POLL_MS);
}

function connect(): void {
  if (!wanted || source) return;
  const events = new EventSource('/api/v1/events');
  source = events;
  events.onopen = () => {
    stopPolling();
    setConnected(true);
    if (interrupted) tell({ kind: 'resync' }); // what happened meanwhile was not told
    interrupted = false;
  };
  events.onerror = () => {
    setConnected(false);
    interrupted = true;
    poll();
    if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    events.close();
    source = null;
    tell({ kind: 'resync' }); // perhaps the session ended: then the next question says so
    setTimeout(connect, RETRY_MS);
  };
  for (const kind of KINDS) events.addEventListener(kind, (event) => tell(parse(kind, (event as MessageEvent<string>).data)));
}

export function startLive(): void {
  wanted = true;
  connect();
}

export function stopLive(): void {
  wanted = false;
  interrupted = false;
  source?.close();
  source = null;
  stopPolling();
  setConnected(false);
}

/** Returns how to end it. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function watchConnection(watcher: (connected: boolean) => void): () => void {
  watchers.add(watcher);
  watcher(connected);
  return () => watchers.delete(watcher);
}
