/** An action on many jobs: says how many before, and how far it is meanwhile. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { ask, withQuery } from '../api/client';
import { zoneOffset } from '../api/job_list';
import { asProblem } from '../api/resource';
import { type BulkAction, type BulkAnswer, actionWords, type Count, countText, resultText, touched } from '../lib/bulk';
import { countWords, sentence } from '../lib/text';
import { Dialog } from './dialog';
import { toast } from './toast';

export interface BulkWish {
  action: BulkAction;
  q: string;
  /** these, or all of the search */
  ids: string[] | null;
}

/** The daemon does a thousand at a time, and says where it goes on. */
async function run(wish: BulkWish, onDone: (done: number) => void): Promise<{ done: number; reasons: string[] }> {
  let done = 0;
  const reasons: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const search = { q: wish.q, zone_offset_min: zoneOffset(), ...(cursor === null ? {} : { cursor }) };
    const body = { action: wish.action, ...(wish.ids ? { ids: wish.ids } : search) };
    const answer: BulkAnswer = await ask<BulkAnswer>('POST', '/api/v1/jobs/actions', { body });
    done += answer.done;
    reasons.push(...answer.skipped.map((item) => item.reason));
    onDone(done);
    if (!answer.more || answer.next === null) return { done, reasons };
    cursor = answer.next;
  }
}

export function BulkDialog({ wish, onClose }: { wish: BulkWish | null; onClose: (done: boolean) => void }) {
  const [count, setCount] = useState<Count | null>(null);
  const [error, setError] = useState('');
  const [done, setDone] = useState<number | null>(null);
  const current = useRef(wish);
  current.current = wish;

  useEffect(() => {
    setCount(null);
    setError('');
    setDone(null);
    if (!wish) return;
    if (wish.ids) {
      setCount({ count: wish.ids.length, more: false });
      return;
    }
    ask<Count>('GET', withQuery('/api/v1/jobs/count', { q: touched(wish.action, wish.q), zone_offset_min: zoneOffset() })).then(
      (found) => current.current === wish && setCount(found),
      (problem: unknown) => current.current === wish && setError(sentence(asProblem(problem).message)),
    );
  }, [wish]);

  async function go() {
    if (!wish) return;
    setDone(0);
    try {
      const result = await run(wish, setDone);
      toast(resultText(wish.action, result.done, result.reasons), result.done > 0 ? 'good' : 'bad');
      onClose(true);
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
      setDone(null);
    }
  }

  const word = wish ? actionWords(wish.action) : '';
  const busy = done !== null;
  return (
    <Dialog open={wish !== null} title={`${word}?`} onClose={() => !busy && onClose(false)}>
      <p>
        {count === null && error === '' && <span aria-busy="true">Counting</span>}
        {count !== null && wish && (
          <>
            <strong>{countText(count)}</strong> {wish.ids ? 'that you marked' : 'of this search'}{' '}
            {wish.action === 'retry'
              ? 'will be sent again; what was accepted already is not sent twice.'
              : 'will be cancelled; what is sent already stays sent.'}
          </>
        )}
      </p>
      {wish && !wish.ids && (
        <p>
          <code>{wish.q}</code>
        </p>
      )}
      {error && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {busy && (
        <p role="status">
          {count && !count.more && count.count > 0 ? (
            <progress value={done} max={count.count} aria-label="Progress" />
          ) : (
            <progress aria-label="Progress" />
          )}
          {countWords(done, 'job')} so far
        </p>
      )}
      <footer class="dialog-actions">
        <button type="button" class="secondary" disabled={busy} onClick={() => onClose(false)}>
          Leave as it is
        </button>
        <button
          type="button"
          class={wish?.action === 'cancel' ? 'danger' : ''}
          disabled={busy || count === null || count.count === 0}
          onClick={() => void go()}
        >
          {count === null ? word : `${word}: ${countText(count)}`}
        </button>
      </footer>
    </Dialog>
  );
}
