/** The history: newest first, found by the search box, endless, live. */

import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ask, withQuery } from '../api/client';
import { lastList, useJobList, zoneOffset } from '../api/job_list';
import { useLive } from '../api/resource';
import { type Count, countText } from '../lib/bulk';
import { valueOf, withTerm } from '../lib/query';
import { jobsPlace } from '../lib/route';
import { sentence } from '../lib/text';
import { BulkDialog, type BulkWish } from '../parts/bulk';
import { Chips } from '../parts/chips';
import { Icon } from '../parts/icon';
import { JobLine } from '../parts/job_row';
import { useKeys } from '../parts/keys';
import { goTo } from '../parts/place';
import { useMay } from '../parts/session';
import { Empty, Loading, Trouble } from '../parts/states';
import { useTitle } from '../parts/title';

const views = [
  { value: '', name: 'All' },
  { value: 'trouble', name: 'Trouble' },
  { value: 'waiting', name: 'Waiting' },
  { value: 'sent', name: 'Sent' },
  { value: 'failed', name: 'Failed' },
] as const;

const spans = [
  { value: '', name: 'any time' },
  { value: 'today', name: 'today' },
  { value: '24h', name: 'the last 24 hours' },
  { value: '7d', name: 'the last 7 days' },
  { value: '30d', name: 'the last 30 days' },
] as const;

function Views({ q, onChange }: { q: string; onChange: (q: string) => void }) {
  const status = valueOf(q, 'status');
  const after = valueOf(q, 'after');
  return (
    <div class="views">
      <ul class="tabs" aria-label="Views">
        {views.map((view) => (
          <li key={view.value}>
            <button
              type="button"
              aria-pressed={status === view.value}
              onClick={() => onChange(withTerm(q, 'status', view.value))}
            >
              {view.name}
            </button>
          </li>
        ))}
      </ul>
      <label class="span">
        <span class="unseen">Taken in</span>
        <select value={after} onChange={(event) => onChange(withTerm(q, 'after', event.currentTarget.value))}>
          {spans.map((span) => (
            <option key={span.value} value={span.value}>
              {span.name}
            </option>
          ))}
          {!spans.some((span) => span.value === after) && <option value={after}>since {after}</option>}
        </select>
      </label>
      <a
        class="export"
        role="button"
        href={withQuery('/api/v1/jobs/export', { q, zone_offset_min: zoneOffset() })}
        download="scanpost-jobs.csv"
      >
        <Icon name="download" size={15} /> CSV<span class="unseen"> of this list</span>
      </a>
    </div>
  );
}

function useCount(q: string): Count | null {
  const [count, setCount] = useState<{ q: string; found: Count } | null>(null);
  const load = useCallback(() => {
    ask<Count>('GET', withQuery('/api/v1/jobs/count', { q, zone_offset_min: zoneOffset() })).then(
      (found) => setCount({ q, found }),
      () => setCount(null), // then the list goes without a number
    );
  }, [q]);
  useEffect(load, [load]);
  useLive(['job'], load, { calmMs: 1500 });
  return count?.q === q ? count.found : null;
}

/** j and k move through the rows, and the focus with them. */
function moveBy(step: number): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>('tr.job .job-link')];
  const at = links.findIndex((link) => link.closest('tr')?.contains(document.activeElement));
  const link = links[at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step))];
  link?.focus({ preventScroll: true });
  link?.closest('tr')?.scrollIntoView({ block: 'nearest' });
}

function focusedJob(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('tr.job')?.dataset['job'];
}

function useEndInView(onEnd: () => void) {
  const end = useRef<HTMLDivElement>(null);
  const latest = useRef(onEnd);
  latest.current = onEnd;
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && latest.current(), {
      rootMargin: '600px',
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return end;
}

/** Where in the list one was, when one comes back to it. */
function useScrollKept(q: string): void {
  useLayoutEffect(() => {
    scrollTo(0, lastList.q === q ? lastList.scroll : 0);
    const keep = () => {
      lastList.scroll = scrollY;
    };
    addEventListener('scroll', keep, { passive: true });
    return () => removeEventListener('scroll', keep);
  }, [q]);
}

export function Jobs({ q }: { q: string }) {
  useTitle('Jobs');
  const list = useJobList(q);
  const count = useCount(q);
  const operator = useMay('operator');
  useScrollKept(q);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [wish, setWish] = useState<BulkWish | null>(null);
  const end = useEndInView(list.more);
  const search = (words: string) => goTo(jobsPlace(words), true);

  useEffect(() => setMarked(new Set()), [q]);
  // The end may be in view already when a page came in that was short.
  useEffect(() => {
    const rect = end.current?.getBoundingClientRect();
    if (rect && rect.top < innerHeight + 600) list.more();
  }, [list.rows.length, list.next]);

  const mark = useCallback((id: string, on: boolean) => {
    setMarked((before) => {
      const after = new Set(before);
      if (on) after.add(id);
      else after.delete(id);
      return after;
    });
  }, []);

  useKeys({
    j: () => moveBy(1),
    k: () => moveBy(-1),
    x: () => {
      const id = focusedJob();
      if (id && operator) mark(id, !marked.has(id));
    },
    Escape: () => (marked.size > 0 ? setMarked(new Set()) : q !== '' && search('')),
  });

  const all = marked.size === 0;
  const bulk = (action: BulkWish['action']) => setWish({ action, q, ids: all ? null : [...marked] });
  const empty = !list.loading && !list.error && list.rows.length === 0;

  return (
    <>
      <div class="room-head">
        <h1>Jobs</h1>
        <p class="muted count" role="status">
          {count && countText(count)}
        </p>
      </div>
      <Views q={q} onChange={search} />
      <Chips q={q} onChange={search} />
      {operator && !empty && (q !== '' || !all) && (
        <div class="actions-line">
          <button type="button" class="secondary small" onClick={() => bulk('retry')}>
            <Icon name="retry" size={15} /> {all ? 'Send all of these again' : `Send ${marked.size} again`}
          </button>
          <button type="button" class="secondary small" onClick={() => bulk('cancel')}>
            <Icon name="cancelled" size={15} /> {all ? 'Cancel all of these' : `Cancel ${marked.size}`}
          </button>
          {!all && (
            <button type="button" class="plain small" onClick={() => setMarked(new Set())}>
              Unmark
            </button>
          )}
        </div>
      )}
      {list.error && list.error.status === 400 && (
        <p class="notice held" role="alert">
          <Icon name="held" />
          <span>{sentence(list.error.message)}</span>
        </p>
      )}
      {list.error && list.error.status !== 400 && <Trouble problem={list.error} what="The list" retry={list.reload} />}
      {list.loading && <Loading what="jobs" rows={8} />}
      {empty && q === '' && (
        <Empty icon="mail" title="No scan has come in yet">
          As soon as a copier drops one, it is here. <a href="#/sources">Sources</a> shows where scans can come from.
        </Empty>
      )}
      {empty && q !== '' && (
        <Empty icon="search" title="No job fits">
          Nothing that scanpost took in fits this search. If the scan should be here, look at <a href="#/sources">Sources</a>: it
          may have been refused at the door.
        </Empty>
      )}
      {list.rows.length > 0 && (
        <table role="table" class="jobs">
          <caption class="unseen">Jobs, newest first</caption>
          <thead role="rowgroup">
            <tr role="row">
              {operator && (
                <th role="columnheader" scope="col">
                  <span class="unseen">Mark</span>
                </th>
              )}
              <th role="columnheader" scope="col">
                Status
              </th>
              <th role="columnheader" scope="col">
                Scan
              </th>
              <th role="columnheader" scope="col">
                To
              </th>
              <th role="columnheader" scope="col">
                Came by
              </th>
              <th role="columnheader" scope="col">
                Taken
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {list.rows.map((job) => (
              <JobLine key={job.id} job={job} marked={marked.has(job.id)} onMark={operator ? mark : null} />
            ))}
          </tbody>
        </table>
      )}
      <div ref={end} class="list-end" role="status">
        {list.next && <span aria-busy="true">Loading more</span>}
        {list.next === null && list.rows.length > 20 && <span class="muted">That is all of them.</span>}
      </div>
      <BulkDialog
        wish={wish}
        onClose={(done) => {
          setWish(null);
          if (done) {
            setMarked(new Set());
            list.reload();
          }
        }}
      />
    </>
  );
}
