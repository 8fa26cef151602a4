/** The overview's small sentences. Pure. */

import type { Overview } from '../api/types';
import type { Tone } from './status';
import { agoWords, type Clock, momentWords } from './time';
import { countWords, numberWords, sentence } from './text';

export function worksTone(works: Overview['works']): Tone {
  const tones: Record<Overview['works'], Tone> = { yes: 'good', partly: 'held', no: 'bad', idle: 'quiet' };
  return tones[works] ?? 'quiet';
}

/** The daemon's sentence as a headline and what follows: "Works, with troubles" and "70 scans went out ...". */
export function headlineOf(text: string): { head: string; rest: string } {
  const at = text.indexOf(': ');
  if (at < 0 || at > 60) return { head: sentence(text), rest: '' };
  return { head: text.slice(0, at), rest: sentence(text.slice(at + 2)) };
}

export interface Figure {
  label: string;
  value: string;
  note: string;
  /** the search behind it */
  q: string;
  tone: Tone | '';
}

export function figuresOf(overview: Overview, clock: Clock): Figure[] {
  const age = overview.oldest_waiting
    ? `the oldest since ${momentWords(overview.oldest_waiting, clock)}, ${agoWords(overview.oldest_waiting, clock)}`
    : '';
  return [
    {
      label: 'Waiting',
      value: numberWords(overview.waiting),
      note: overview.waiting > 0 ? age : 'nothing waits',
      q: 'status:queued,sending,deferred',
      tone: '',
    },
    {
      label: 'Need you',
      value: numberWords(overview.held),
      note: overview.held > 0 ? 'held until you decide' : 'nothing',
      q: 'status:held',
      tone: overview.held > 0 ? 'held' : '',
    },
    { label: 'Sent', value: numberWords(overview.sent_24h), note: 'in 24 hours', q: 'status:sent after:24h', tone: '' },
    {
      label: 'Failed',
      value: numberWords(overview.failed_24h),
      note: 'in 24 hours',
      q: 'status:failed,partial after:24h',
      tone: overview.failed_24h > 0 ? 'bad' : '',
    },
  ];
}

/** "in 12 days", "today", "3 days ago" */
export function daysWords(days: number): string {
  if (days === 0) return 'today';
  if (days < 0) return `${countWords(-days, 'day')} ago`;
  return days === 1 ? 'tomorrow' : `in ${countWords(days, 'day')}`;
}

/** "client secret of submission", "certificate of the page" */
export function expiryText(expiry: Overview['expiries'][number]): string {
  return expiry.method === '' ? expiry.what : `${expiry.what} of ${expiry.method}`;
}

export function expiryTone(days: number): Tone {
  return days < 0 ? 'bad' : days <= 30 ? 'held' : 'quiet';
}
