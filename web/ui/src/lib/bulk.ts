/** Many jobs at once: what is asked, and what is said afterwards. Pure. */

import { countWords, listWords, numberWords } from './text';

export type BulkAction = 'retry' | 'cancel';

export interface BulkAnswer {
  done: number;
  ids: string[];
  skipped: { id: string; reason: string }[];
  more: boolean;
  next: string | null;
}

export interface Count {
  count: number;
  /** the daemon stopped counting there */
  more: boolean;
}

/** states: what the action makes sense for, of all that a search finds */
const verbs: Record<BulkAction, { ask: string; done: string; states: string }> = {
  retry: { ask: 'Send again', done: 'queued again', states: 'failed,partial,held,deferred' },
  cancel: { ask: 'Cancel', done: 'cancelled', states: 'queued,held,deferred' },
};

/** The search, narrowed to what the action would touch. */
export function touched(action: BulkAction, q: string): string {
  return `${q} status:${verbs[action].states}`.trim();
}

export const actionWords = (action: BulkAction): string => verbs[action].ask;

export function countText({ count, more }: Count): string {
  return `${more ? 'more than ' : ''}${countWords(count, 'job')}`;
}

/** "37 jobs queued again. 2 were passed over: already sent (2)." */
export function resultText(action: BulkAction, done: number, reasons: readonly string[]): string {
  const head = `${countWords(done, 'job')} ${verbs[action].done}.`;
  if (reasons.length === 0) return head;
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const why = [...counts].map(([reason, n]) => `${reason} (${numberWords(n)})`);
  const were = reasons.length === 1 ? 'was' : 'were';
  return `${head} ${numberWords(reasons.length)} ${were} passed over: ${listWords(why.slice(0, 3))}.`;
}
