/** The list of jobs as it grows, at its end by scrolling and at its top by what happens. Pure. Newest first: ids are
 * ULIDs, so a larger id is a newer job. */

import type { Job, JobRow } from '../api/types';
import { sourceWords } from './words';

/** A whole job as a list has it: what the list takes from the last failed attempt is taken here. */
export function rowOf(job: Job): JobRow {
  const failed = job.attempts.filter((attempt) => attempt.outcome !== 'accepted').sort((a, b) => b.n - a.n)[0];
  const { attempts: _attempts, decision: _decision, ...row } = job;
  if (!failed) return row;
  return { ...row, class: row.class ?? failed.class, cause: row.cause ?? failed.cause, summary: row.summary ?? failed.summary };
}

/** Rows that are there are replaced where they stand; others go where their age puts them. Rows that did not change
 * stay the same objects, so that nothing is drawn anew. */
export function mergeRows(rows: readonly JobRow[], fresh: readonly JobRow[]): JobRow[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  for (const row of fresh) {
    const old = byId.get(row.id);
    if (!old || JSON.stringify(old) !== JSON.stringify(row)) byId.set(row.id, row);
  }
  return [...byId.values()].sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
}

/** The name that a person knows the scan by. */
export function titleOf(row: Pick<JobRow, 'documents' | 'subject' | 'id'>): string {
  const [first] = row.documents;
  if (!first) return row.subject || row.id;
  return row.documents.length > 1 ? `${first.name} and ${row.documents.length - 1} more` : first.name;
}

/** Who scanned, unless that is said by the source already. */
export function userOf(row: Pick<JobRow, 'user' | 'source_name'>): string {
  return row.user === row.source_name ? '' : row.user;
}

/** "Folder scans, alice" */
export function cameBy(row: Pick<JobRow, 'source' | 'source_name' | 'user'>): string {
  return [sourceWords(row.source, row.source_name), userOf(row)].filter((word) => word !== '').join(', ');
}

export function sizeOf(row: Pick<JobRow, 'documents' | 'size'>): number {
  return row.size ?? row.documents.reduce((sum, document) => sum + document.size, 0);
}
