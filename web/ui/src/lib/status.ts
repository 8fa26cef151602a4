/** How a job stands, in one word and one sentence that fold receiving and delivering. Pure.
 *
 * A scan that is on the list was received: so the sentence says where it is now, and what happens next. */

import type { Attempt, Job, JobRow, JobState } from '../api/types';
import { classWords } from './words';
import { countWords, listWords, sentence } from './text';

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
      return {
        ...status,
        why: job.method === '' ? 'accepted by Microsoft' : `accepted by Microsoft, ${job.method}`,
        at: job.finished,
      };
    case 'partial':
      return {
        ...status,
        why: `${sentCount(job)} of ${job.recipients.length} accepted: ${trouble(job) || 'others refused'}`,
        at: job.finished,
      };
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

/** Said when the last attempt ended without an answer. */
function ifUnknown(job: Job): string {
  const last = [...job.attempts].sort((a, b) => b.n - a.n)[0];
  if (last?.outcome !== 'unknown') return '';
  return ' The connection was lost after the message was handed over and before Microsoft answered, so it may arrive twice.';
}

function ifDeleted(job: Job): string {
  return job.documents_deleted ? ' Its documents were deleted when their time was over, so it cannot be sent again.' : '';
}

/** What is not there any more is not offered. */
function offered(job: Job, ...actions: Action[]): Action[] {
  return job.documents_deleted ? actions.filter((action) => action === 'cancel') : actions;
}

/** Why, as the daemon says it. */
function reasonOf(job: Job): string {
  return sentence(job.trouble || lastFailure(job)?.summary || '');
}

type Words = Pick<Banner, 'title' | 'next' | 'actions'>;

function queued(job: Job): Words {
  const next = job.waits_in
    ? `It stands in line for ${job.waits_in}, and goes out when it is its turn.`
    : 'It goes out in a moment, by itself.';
  return { title: 'Received, and about to be sent', next, actions: ['cancel'] };
}

function sending(job: Job): Words {
  const by = job.method || 'the first way that is open';
  const next = `By ${by}. This page shows the answer as soon as it is there.`;
  return { title: 'Being handed to Microsoft now', next, actions: [] };
}

function deferred(job: Job): Words {
  const failure = lastFailure(job);
  const why = trouble({ ...job, class: job.class ?? failure?.class ?? null, summary: job.summary ?? failure?.summary ?? null });
  const when = job.next_attempt ? 'It is tried again by itself' : 'It goes out by itself as soon as a way opens';
  return {
    title: job.waits_for_method
      ? 'Received, and waits until a way to Microsoft is open'
      : `Received, and waits: ${why || 'it is tried again'}`,
    next: `${when}; nothing is lost meanwhile.${ifUnknown(job)}`,
    actions: offered(job, 'retry', 'cancel', 'forward'),
  };
}

function held(job: Job): Words {
  const why = reasonOf(job) || 'Somebody has to look at it.';
  const next = `${why} Nothing happens until somebody sends it again or cancels it.${ifUnknown(job)}${ifDeleted(job)}`;
  return { title: 'Received, and waits for you', next, actions: offered(job, 'retry', 'cancel', 'forward') };
}

function sent(job: Job): Words {
  const who = job.recipients.length === 1 ? 'The recipient was' : `All ${countWords(job.recipients.length, 'recipient')} were`;
  const next = `${who} accepted. If it is not in the inbox, look in Junk and quarantine, then trace the message by its Message-ID.`;
  return { title: 'Accepted by Microsoft', next, actions: offered(job, 'forward') };
}

function partial(job: Job): Words {
  const refused = job.recipients.filter((recipient) => recipient.state === 'failed').map((recipient) => recipient.address);
  const shown = refused.length > 4 ? [...refused.slice(0, 3), `${refused.length - 3} more`] : refused;
  return {
    title: `Accepted for ${sentCount(job)} of ${job.recipients.length} recipients`,
    next: `Refused: ${listWords(shown)}. Sending again goes to those only.${ifDeleted(job)}`,
    actions: offered(job, 'retry', 'forward'),
  };
}

function failed(job: Job): Words {
  const all = job.recipients.length > 1 && failedCount(job) === job.recipients.length;
  const next = `${reasonOf(job)} It is not tried again by itself.${ifDeleted(job)}`.trim();
  return { title: all ? 'Failed for all recipients' : 'Failed for good', next, actions: offered(job, 'retry', 'forward') };
}

function cancelled(job: Job): Words {
  const next = `Somebody stopped it.${ifDeleted(job) || ' It can still be sent.'}`;
  return { title: 'Cancelled', next, actions: offered(job, 'retry', 'forward') };
}

const banners: Record<JobState, (job: Job) => Words> = { queued, sending, deferred, held, sent, partial, failed, cancelled };
/** In the others what failed once does not matter any more, or nobody can mend it. */
const mendable: readonly JobState[] = ['deferred', 'held', 'partial', 'failed'];

export function bannerOf(job: Job): Banner {
  const words = banners[job.state]?.(job) ?? { title: job.state, next: '', actions: [] };
  return {
    ...words,
    tone: toneOf(job.state),
    nextAt: job.state === 'deferred' ? job.next_attempt : null,
    fix: mendable.includes(job.state) ? (lastFailure(job)?.fix ?? '') : '',
  };
}
