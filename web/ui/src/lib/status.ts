/** How a job stands, in one word and one sentence that fold receiving and delivering. Pure.
 *
 * A scan that is on the list was received: so the sentence says where it is now, and what happens next. */

import type { Attempt, Job, JobRow, JobState } from '../api/types';
import { classWords } from './words';
import { capital, countWords, listWords } from './text';

/** Each has a colour, a shape and a word: nobody needs to see colours. */
export type Tone = 'good' | 'busy' | 'wait' | 'held' | 'bad' | 'part' | 'quiet';

export interface Status {
  tone: Tone;
  word: string;
  /** what is behind the word; may be "" */
  why: string;
  /** when something happens by itself, or happened; null: nothing to say */
  at: string | null;
  /** in front of `at`: "next try" */
  atMeans: string;
}

const tones: Record<JobState, Tone> = {
  queued: 'wait',
  sending: 'busy',
  deferred: 'wait',
  held: 'held',
  sent: 'good',
  partial: 'part',
  failed: 'bad',
  cancelled: 'quiet',
};

const words: Record<JobState, string> = {
  queued: 'Waiting',
  sending: 'Sending',
  deferred: 'Waiting',
  held: 'Needs you',
  sent: 'Sent',
  partial: 'Partly sent',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export const toneOf = (state: JobState): Tone => tones[state] ?? 'quiet';
export const wordOf = (state: JobState): string => words[state] ?? state;

function failedCount(job: JobRow): number {
  return job.recipients.filter((recipient) => recipient.state === 'failed').length;
}

function sentCount(job: JobRow): number {
  return job.recipients.filter((recipient) => recipient.state === 'sent').length;
}

/** What Microsoft said last, in our words: short, for a line. */
function trouble(job: JobRow): string {
  const short = classWords(job.class ?? '');
  return (short || job.summary || job.trouble || '').replace(/\.$/, '');
}

function whyWaiting(job: JobRow): string {
  if (job.waits_in) return `in line for ${job.waits_in}`;
  const reason = trouble(job);
  if (job.waits_for_method) return reason === '' ? 'no way to Microsoft is open' : `no way is open: ${reason}`;
  return reason;
}

export function statusOf(job: JobRow): Status {
  const status = { tone: toneOf(job.state), word: wordOf(job.state), why: '', at: null as string | null, atMeans: '' };
  switch (job.state) {
    case 'queued':
      return { ...status, why: job.waits_in ? `in line for ${job.waits_in}` : 'goes out in a moment' };
    case 'sending':
      return { ...status, why: job.method === '' ? 'on its way' : `by ${job.method}, now` };
    case 'deferred':
      return { ...status, why: whyWaiting(job), at: job.next_attempt, atMeans: 'next try' };
    case 'held':
      return { ...status, why: job.trouble || trouble(job) };
    case 'sent':
      return { ...status, why: job.method === '' ? 'accepted by Microsoft' : `accepted by Microsoft, ${job.method}`, at: job.finished };
    case 'partial':
      return { ...status, why: `${sentCount(job)} of ${job.recipients.length} accepted: ${trouble(job) || 'others refused'}`, at: job.finished };
    case 'failed':
      return { ...status, why: trouble(job), at: job.finished };
    case 'cancelled':
      return { ...status, why: 'by a person', at: job.finished };
  }
  return status;
}

/** One line for readers, titles and copies: "Waiting: Microsoft is busy, next try 12:04". */
export function statusLine(status: Status, moment: (iso: string) => string): string {
  const head = status.why === '' ? status.word : `${status.word}: ${status.why}`;
  if (!status.at) return head;
  return `${head}, ${status.atMeans === '' ? '' : `${status.atMeans} `}${moment(status.at)}`;
}

export type Action = 'retry' | 'cancel' | 'forward';

/** The banner over a job: what it means, what happens next, what one can do. */
export interface Banner {
  tone: Tone;
  title: string;
  /** what happens next, or does not */
  next: string;
  nextAt: string | null;
  fix: string;
  actions: Action[];
}

/** The last attempt that says why it is not sent yet. */
export function lastFailure(job: Job): Attempt | undefined {
  return job.attempts.filter((attempt) => attempt.outcome !== 'accepted').sort((a, b) => b.n - a.n)[0];
}

function ifUnknown(job: Job): string {
  const last = [...job.attempts].sort((a, b) => b.n - a.n)[0];
  return last?.outcome === 'unknown'
    ? ' The connection was lost after the message was handed over and before Microsoft answered, so it may arrive twice.'
    : '';
}

function canAgain(job: Job): Action[] {
  return job.documents_deleted ? [] : ['retry', 'forward'];
}

function deletedNote(job: Job): string {
  return job.documents_deleted ? ' Its documents were deleted when their time was over, so it cannot be sent again.' : '';
}

export function bannerOf(job: Job): Banner {
  const failure = lastFailure(job);
  const fix = failure?.fix ?? '';
  const banner = { tone: toneOf(job.state), fix: '', nextAt: null as string | null };
  const people = job.recipients.length === 1 ? 'The recipient' : `All ${countWords(job.recipients.length, 'recipient')}`;
  switch (job.state) {
    case 'queued':
      return {
        ...banner,
        title: 'Received, and about to be sent',
        next: job.waits_in ? `It stands in line for ${job.waits_in}, and goes out when it is its turn.` : 'It goes out in a moment, by itself.',
        actions: ['cancel'],
      };
    case 'sending':
      return { ...banner, title: 'Being handed to Microsoft now', next: `By ${job.method || 'the first way that is open'}. This page shows the answer as soon as it is there.`, actions: [] };
    case 'deferred':
      return {
        ...banner,
        title: job.waits_for_method ? 'Received, and waits until a way to Microsoft is open' : `Received, and waits: ${capitalNot(trouble({ ...job, summary: job.summary ?? failure?.summary ?? '', class: job.class ?? failure?.class ?? '' }) || 'it is tried again')}`,
        next: `${job.next_attempt ? 'It is tried again by itself' : 'It goes out by itself as soon as a way opens'}; nothing is lost meanwhile.${ifUnknown(job)}`,
        nextAt: job.next_attempt,
        fix,
        actions: ['retry', 'cancel', 'forward'],
      };
    case 'held':
      return {
        ...banner,
        title: 'Received, and waits for you',
        next: `${capital(job.trouble || failure?.summary || 'Somebody has to look at it')}${endStop(job.trouble || failure?.summary || '')} Nothing happens until somebody sends it again or cancels it.${ifUnknown(job)}${deletedNote(job)}`,
        fix,
        actions: job.documents_deleted ? ['cancel'] : ['retry', 'cancel', 'forward'],
      };
    case 'sent':
      return {
        ...banner,
        title: 'Accepted by Microsoft',
        next: `${people} ${job.recipients.length === 1 ? 'was' : 'were'} accepted. If it is not in the inbox, look in Junk and quarantine, then trace the message by its Message-ID.`,
        actions: job.documents_deleted ? [] : ['forward'],
      };
    case 'partial': {
      const refused = job.recipients.filter((recipient) => recipient.state === 'failed').map((recipient) => recipient.address);
      return {
        ...banner,
        title: `Accepted for ${sentCount(job)} of ${job.recipients.length} recipients`,
        next: `Refused: ${refused.length > 4 ? `${listWords(refused.slice(0, 3))} and ${refused.length - 3} more` : listWords(refused)}. Sending again goes to those only.${deletedNote(job)}`,
        fix,
        actions: canAgain(job),
      };
    }
    case 'failed':
      return {
        ...banner,
        title: failedCount(job) === job.recipients.length && job.recipients.length > 1 ? 'Failed for all recipients' : 'Failed for good',
        next: `${capital(job.trouble || failure?.summary || '')}${endStop(job.trouble || failure?.summary || '')} It is not tried again by itself.${deletedNote(job)}`.trim(),
        fix,
        actions: canAgain(job),
      };
    case 'cancelled':
      return { ...banner, title: 'Cancelled', next: `Somebody stopped it. It can still be sent.${deletedNote(job)}`.replace(/ It can still be sent\.(?= )/, ''), actions: canAgain(job) };
  }
  return { ...banner, title: job.state, next: '', actions: [] };
}

function endStop(text: string): string {
  return text === '' || /[.!?]$/.test(text.trim()) ? '' : '.';
}

function capitalNot(text: string): string {
  return /^[A-Z][a-z]+ (is|refuses|limits|blocks|wants|does)/.test(text) || text === '' ? text : text[0]!.toLowerCase() + text.slice(1);
}
