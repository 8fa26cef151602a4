/** The list of jobs of a search: pages by cursor, and what happens meanwhile put where it belongs. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { mergeRows, rowOf } from '../lib/rows';
import { ask, type Problem, withQuery } from './client';
import { listen } from './live';
import { asProblem } from './resource';
import type { Job, JobPage, JobRow } from './types';

const PAGE = 50;
const CALM_MS = 250;
/** More changed jobs than this at once: the top of the list is asked for again instead of each. */
const SINGLES = 20;

export interface JobList {
  rows: JobRow[];
  /** undefined: not known yet; null: the end is there */
  next: string | null | undefined;
  loading: boolean;
  error: Problem | undefined;
  more: () => void;
  reload: () => void;
}

interface Held {
  q: string;
  rows: JobRow[];
  next: string | null | undefined;
  error: Problem | undefined;
}

export function zoneOffset(): number {
  return -new Date().getTimezoneOffset();
}

function pagePath(q: string, cursor: string | null): string {
  return withQuery('/api/v1/jobs', { q, cursor, limit: PAGE, zone_offset_min: q === '' ? null : zoneOffset() });
}

/** The list as it was left: whoever comes back from a job finds it again, and where in it they were; on a job's own page
 * j and k move along it. */
export const lastList: { q: string; rows: readonly JobRow[]; next: string | null | undefined; scroll: number } = {
  q: '',
  rows: [],
  next: undefined,
  scroll: 0,
};

export function useJobList(q: string): JobList {
  const empty: Held = { q, rows: [], next: undefined, error: undefined };
  const [held, setHeld] = useState<Held>(() =>
    lastList.q === q ? { ...empty, rows: [...lastList.rows], next: lastList.next } : empty,
  );
  const now = useRef(held);
  now.current = held;
  const busy = useRef(false);

  const keep = useCallback((change: (before: Held) => Held) => {
    setHeld((before) => {
      const after = change(before);
      Object.assign(lastList, { q: after.q, rows: after.rows, next: after.next });
      return after;
    });
  }, []);

  const load = useCallback(
    async (cursor: string | null, signal?: AbortSignal) => {
      busy.current = true;
      try {
        const page = await ask<JobPage>('GET', pagePath(q, cursor), signal ? { signal } : {});
        keep((before) => {
          if (before.q !== q) return { q, rows: page.jobs, next: page.next, error: undefined };
          // The top was asked for again: how far down the list goes did not change.
          const next = cursor === null && before.rows.length > 0 && before.next !== undefined ? before.next : page.next;
          return { q, rows: mergeRows(before.rows, page.jobs), next, error: undefined };
        });
      } catch (error) {
        if (signal?.aborted) return;
        keep((before) => ({ ...(before.q === q ? before : { q, rows: [], next: undefined }), error: asProblem(error) }));
      } finally {
        busy.current = false;
      }
    },
    [q, keep],
  );

  useEffect(() => {
    const control = new AbortController();
    void load(null, control.signal);
    return () => control.abort();
  }, [load]);

  // What happens: known jobs are asked for one by one, the top of the list when there is a new one.
  useEffect(() => {
    const touched = new Set<string>();
    let all = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    async function refresh(): Promise<void> {
      timer = undefined;
      const ids = [...touched];
      touched.clear();
      const known = new Set(now.current.rows.map((row) => row.id));
      const singles = ids.filter((id) => known.has(id)).slice(0, SINGLES);
      const top = all || ids.length > singles.length;
      all = false;
      if (top) await load(null);
      const fresh = await Promise.all(singles.map((id) => ask<Job>('GET', `/api/v1/jobs/${id}`).catch(() => null)));
      const rows = fresh.filter((job): job is Job => job !== null).map(rowOf);
      if (rows.length > 0) keep((before) => (before.q === q ? { ...before, rows: mergeRows(before.rows, rows) } : before));
    }

    const end = listen((event) => {
      if (event.kind === 'resync') all = true;
      else if (event.kind === 'job' && event.id) touched.add(event.id);
      else return;
      timer ??= setTimeout(() => void refresh(), CALM_MS);
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [q, load, keep]);

  const shown = held.q === q ? held : empty;
  return {
    rows: shown.rows,
    next: shown.next,
    loading: shown.next === undefined && !shown.error,
    error: shown.error,
    more: () => {
      if (!busy.current && shown.next) void load(shown.next);
    },
    reload: () => void load(null),
  };
}
