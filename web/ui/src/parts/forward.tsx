/** The same documents to somebody else: a new job, and the old one says so. */

import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem } from '../api/resource';
import type { Job } from '../api/types';
import { jobPlace } from '../lib/route';
import { sentence } from '../lib/text';
import { Dialog } from './dialog';
import { Field } from './field';
import { goTo } from './place';
import { toast } from './toast';

export function ForwardDialog({ job, open, onClose }: { job: Job; open: boolean; onClose: () => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('to') ?? '');
    const to = text.split(/[\s,;]+/).filter((address) => address !== '');
    if (to.length === 0) {
      setError('Say to whom.');
      return;
    }
    setBusy(true);
    try {
      const made = await ask<{ id: string }>('POST', `/api/v1/jobs/${job.id}/forward`, { body: { to } });
      toast('On its way as a new job');
      onClose();
      goTo(jobPlace(made.id));
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Dialog open={open} title="Send to someone else" onClose={onClose}>
      <form onSubmit={submit}>
        <p>A new job with the same documents. What this one did, and to whom, stays as it is.</p>
        {error && (
          <p class="notice bad" role="alert">
            {error}
          </p>
        )}
        <Field label="To" hint="One address a line, or with commas.">
          {(ties) => (
            <textarea
              {...ties}
              name="to"
              rows={3}
              required
              spellcheck={false}
              autocapitalize="none"
              placeholder="name@example.com"
            />
          )}
        </Field>
        <footer class="dialog-actions">
          <button type="button" class="secondary" onClick={onClose}>
            Leave it
          </button>
          <button type="submit" aria-busy={busy} disabled={busy}>
            Send
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
