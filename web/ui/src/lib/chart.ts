/** Numbers made ready for charts: buckets without holes, and what a chart says in one sentence. Pure. */

import type { Bucket } from '../api/types';
import { countWords } from './text';

const STEP: Record<'hour' | 'day', number> = { hour: 3_600_000, day: 86_400_000 };

/** Every bucket between since and until, also those where nothing happened. Each `at` is a bucket's beginning. */
export function filled<T extends { at: string }>(
  buckets: readonly T[],
  kind: 'hour' | 'day',
  since: number,
  until: number,
  none: (at: string) => T,
): T[] {
  const step = STEP[kind];
  const first = buckets[0] ? Date.parse(buckets[0].at) : undefined;
  // Buckets begin at the viewer's midnight, or hour: whichever one is known says where the others are.
  let at = first === undefined ? Math.floor(since / step) * step : first - Math.max(0, Math.floor((first - since) / step)) * step;
  const byTime = new Map(buckets.map((bucket) => [Math.round((Date.parse(bucket.at) - at) / step), bucket]));
  const all: T[] = [];
  for (let i = 0; at < until && i < 1000; i++, at += step) all.push(byTime.get(i) ?? none(new Date(at).toISOString()));
  return all;
}

export const noScans = (at: string): Bucket => ({ at, received: 0, sent: 0, failed: 0, bytes: 0 });

export function totalOf(buckets: readonly Bucket[]): { received: number; sent: number; failed: number; bytes: number } {
  return buckets.reduce(
    (sum, bucket) => ({
      received: sum.received + bucket.received,
      sent: sum.sent + bucket.sent,
      failed: sum.failed + bucket.failed,
      bytes: sum.bytes + bucket.bytes,
    }),
    { received: 0, sent: 0, failed: 0, bytes: 0 },
  );
}

/** For those who cannot see the picture. */
export function scansSentence(buckets: readonly Bucket[], span: string): string {
  const total = totalOf(buckets);
  return `${countWords(total.received, 'scan')} received in ${span}: ${countWords(total.sent, 'job')} sent, ${total.failed} failed.`;
}
