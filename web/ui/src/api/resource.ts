/** What a part of the page shows of the API: fetched, kept while it is fetched again, fetched again when the daemon says
 * that something changed. Nothing is rendered anew when the answer is the same. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, Problem } from './client';
import { type LiveEvent, type LiveKind, listen } from './live';

/** Several changes within this time are one. What costs the daemon more is asked for less often. */
const CALM_MS = 300;

export interface LiveOptions {
  /** whether it is worth asking again */
  matters?: (event: LiveEvent) => boolean;
  calmMs?: number;
}

export interface Resource<T> {
  data: T | undefined;
  error: Problem | undefined;
  loading: boolean;
  reload: () => void;
}

interface Held<T> {
  path: string | null;
  data: T | undefined;
  error: Problem | undefined;
}

export function asProblem(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'page', error instanceof Error ? error.message : String(error));
}

/** Calls fn once things are calm after an event that matters. */
export function useLive(
  kinds: readonly LiveKind[],
  fn: () => void,
  { matters = () => true, calmMs = CALM_MS }: LiveOptions = {},
): void {
  const latest = useRef({ fn, matters });
  latest.current = { fn, matters };
  const key = kinds.join(' ');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = listen((event) => {
      const ours = event.kind === 'resync' || (key.split(' ').includes(event.kind) && latest.current.matters(event));
      if (!ours || timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        latest.current.fn();
      }, calmMs);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [key, calmMs]);
}

/** path null: nothing yet. kinds: which events make it worth asking again. */
export function useResource<T>(path: string | null, kinds: readonly LiveKind[] = [], options: LiveOptions = {}): Resource<T> {
  const [held, setHeld] = useState<Held<T>>({ path, data: undefined, error: undefined });
  const seen = useRef({ path: '', text: '' });
  const running = useRef<AbortController | null>(null);

  const load = useCallback(() => {
    running.current?.abort();
    if (path === null) return;
    const control = new AbortController();
    running.current = control;
    ask<T>('GET', path, { signal: control.signal }).then(
      (data) => {
        const text = JSON.stringify(data);
        if (seen.current.path === path && seen.current.text === text) return;
        seen.current = { path, text };
        setHeld({ path, data, error: undefined });
      },
      (error: unknown) => {
        if (control.signal.aborted) return;
        seen.current = { path: '', text: '' };
        setHeld((before) => ({ path, data: before.path === path ? before.data : undefined, error: asProblem(error) }));
      },
    );
  }, [path]);

  useEffect(() => {
    load();
    return () => running.current?.abort();
  }, [load]);
  useLive(kinds, load, options);

  const current = held.path === path;
  return {
    data: current ? held.data : undefined,
    error: current ? held.error : undefined,
    loading: path !== null && !(current && (held.data !== undefined || held.error !== undefined)),
    reload: load,
  };
}
