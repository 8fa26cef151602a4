/** The words of the search box.
 *
 *    query = *( term )       term = [ "-" ] [ key ":" ] value       value = word / '"' *any '"'
 *
 * The daemon understands them; here they become chips, are taken away one by one, and are explained. Pure. */

import type { JobState } from '../api/types';

export interface Key {
  key: string;
  means: string;
  example: string;
}

export const keys: readonly Key[] = [
  { key: 'to', means: 'whom it goes to', example: 'to:alice' },
  { key: 'from', means: 'the sender', example: 'from:scanner@contoso.com' },
  { key: 'status', means: 'how it stands', example: 'status:failed' },
  { key: 'method', means: 'the way it went', example: 'method:direct' },
  { key: 'class', means: 'the kind of trouble', example: 'class:ip_reputation' },
  { key: 'cause', means: 'the exact trouble', example: 'cause:spamhaus' },
  { key: 'source', means: 'the kind or name of where it came from', example: 'source:folder' },
  { key: 'name', means: 'the name of a document', example: 'name:contract.pdf' },
  { key: 'user', means: 'who scanned', example: 'user:alice' },
  { key: 'subject', means: 'words of the subject', example: 'subject:invoice' },
  { key: 'id', means: 'the number of a job', example: 'id:01J8' },
  { key: 'before', means: 'taken before', example: 'before:2026-11-23' },
  { key: 'after', means: 'taken since', example: 'after:24h' },
  { key: 'larger', means: 'at least this large', example: 'larger:5M' },
  { key: 'smaller', means: 'smaller than this', example: 'smaller:1M' },
];

export const states: readonly JobState[] = ['failed', 'held', 'deferred', 'partial', 'sent', 'queued', 'sending', 'cancelled'];
/** What "status:" takes besides: several states in one word. */
export const stateGroups = ['trouble', 'waiting'] as const;

export interface Term {
  negated: boolean;
  /** "": free text */
  key: string;
  value: string;
  /** where it stands in the query */
  start: number;
  end: number;
}

const known = new Set(keys.map((item) => item.key));
const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi;

export function parseQuery(q: string): Term[] {
  const terms: Term[] = [];
  for (const match of q.matchAll(pattern)) {
    const [text, minus = '', key = '', quoted, word] = match;
    const named = known.has(key.toLowerCase());
    const value = quoted ?? word ?? '';
    terms.push({
      negated: minus === '-',
      key: named ? key.toLowerCase() : '',
      value: named || key === '' ? value : `${key}:${value}`,
      start: match.index,
      end: match.index + text.length,
    });
  }
  return terms;
}

function valueText(value: string): string {
  return /[\s"]/.test(value) || value === '' ? `"${value.replaceAll('"', '')}"` : value;
}

export function termText(term: Pick<Term, 'negated' | 'key' | 'value'>): string {
  return `${term.negated ? '-' : ''}${term.key === '' ? '' : `${term.key}:`}${valueText(term.value)}`;
}

export function withoutTerm(q: string, term: Term): string {
  return `${q.slice(0, term.start)} ${q.slice(term.end)}`.replace(/\s+/g, ' ').trim();
}

/** One value a key: an earlier one is replaced. value "": taken away. */
export function withTerm(q: string, key: string, value: string): string {
  let rest = q;
  for (;;) {
    const old = parseQuery(rest).find((term) => term.key === key && !term.negated);
    if (!old) break;
    rest = withoutTerm(rest, old);
  }
  if (value === '') return rest;
  return `${rest} ${termText({ negated: false, key, value })}`.trim();
}

export function valueOf(q: string, key: string): string {
  return parseQuery(q).find((term) => term.key === key && !term.negated)?.value ?? '';
}

const chipWords: Record<string, string> = {
  to: 'to',
  from: 'from',
  status: 'status',
  method: 'by',
  class: 'trouble',
  cause: 'cause',
  source: 'source',
  name: 'document',
  user: 'scanned by',
  subject: 'subject',
  id: 'job',
  before: 'before',
  after: 'since',
  larger: 'larger than',
  smaller: 'smaller than',
};

/** "not to alice" */
export function chipText(term: Term): string {
  const value = term.key === 'class' || term.key === 'cause' ? term.value.replaceAll('_', ' ') : term.value;
  const words = term.key === '' ? `“${value}”` : `${chipWords[term.key]} ${value}`;
  return term.negated ? `not ${words}` : words;
}
