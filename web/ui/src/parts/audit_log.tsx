/** Who did what, newest first. */

import { useCallback, useEffect, useState } from 'preact/hooks';
import { ask, type Problem, withQuery } from '../api/client';
import { asProblem } from '../api/resource';
import type { AuditEntry } from '../api/types';
import { actionText, jobOf } from '../lib/audit';
import { jobPlace } from '../lib/route';
import { Empty, Loading, Trouble } from './states';
import { When } from './when';

const PAGE = 100;
const LONG = 160;
const SHOWN = 60;

interface Page {
  entries: AuditEntry[];
  next: string | null;
}

/** Many jobs at once are many ids. */
function Detail({ text }: { text: string }) {
  if (text === '') return null;
  if (text.length <= LONG) return <span class="muted"> {text}</span>;
  return (
    <details>
      <summary>{text.slice(0, SHOWN)}…</summary>
      {text}
    </details>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const job = jobOf(entry);
  return (
    <tr>
      <td>
        <When at={entry.at} />
      </td>
      <td>
        <strong>{entry.who || 'somebody'}</strong> {entry.role !== '' && <span class="muted">{entry.role}</span>}
      </td>
      <td class="break">
        {actionText(entry)} {job ? <a href={jobPlace(job)}>{job}</a> : <strong>{entry.object}</strong>}
        <Detail text={entry.detail} />
        {(entry.count ?? 1) > 1 && <span class="muted">, {entry.count} times</span>}
      </td>
      <td class="muted">{entry.address || 'on the server'}</td>
    </tr>
  );
}

export function AuditLog() {
  const [entries, setEntries] = useState<AuditEntry[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  const load = useCallback(async (cursor: string | null) => {
    setBusy(true);
    try {
      const page = await ask<Page>('GET', withQuery('/api/v1/audit', { cursor, limit: PAGE }));
      setEntries((before) => (cursor && before ? [...before, ...page.entries] : page.entries));
      setNext(page.next);
      setError(null);
    } catch (problem) {
      setError(asProblem(problem));
    }
    setBusy(false);
  }, []);
  useEffect(() => void load(null), [load]);

  return (
    <section class="panel" aria-labelledby="audit-title">
      <header>
        <h2 id="audit-title">Who did what</h2>
      </header>
      {error && <Trouble problem={error} what="The log" retry={() => void load(null)} />}
      {!entries && !error && <Loading what="the log" />}
      {entries?.length === 0 && (
        <Empty icon="user" title="Nobody did anything yet">
          Signing in, retries, cancellations, opened documents, tokens and users are noted here.
        </Empty>
      )}
      {entries && entries.length > 0 && (
        <div class="scroll-x" tabIndex={0} role="group" aria-label="Who did what">
          <table class="audit">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">From where</th>
              </tr>
            </thead>
            <tbody>
              {entries.map((entry, i) => (
                <Entry key={i} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {next && (
        <button type="button" class="secondary small" aria-busy={busy} disabled={busy} onClick={() => void load(next)}>
          Older
        </button>
      )}
    </section>
  );
}
