/** The door. */

import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem } from '../api/resource';
import type { Session } from '../api/types';
import { sentence } from '../lib/text';
import { DoorFrame } from '../parts/door_frame';

export function SignIn({ onSignedIn, note }: { onSignedIn: (session: Session) => void; note?: string | undefined }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    try {
      onSignedIn(
        await ask<Session>('POST', '/api/v1/session', { body: { name: form.get('name'), password: form.get('password') } }),
      );
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
      setBusy(false);
    }
  }

  return (
    <DoorFrame title="Sign in">
      <form onSubmit={submit}>
        {note && !error && <p class="notice quiet">{note}</p>}
        {error && (
          <p class="notice bad" role="alert">
            {error}
          </p>
        )}
        <label>
          Name
          <input
            ref={first}
            name="name"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            maxLength={64}
          />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required maxLength={1024} />
        </label>
        <button type="submit" aria-busy={busy} disabled={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
        <p class="muted fine">
          No account yet? On the server, <code>scanpost user link</code> prints a link for the first one, and{' '}
          <code>scanpost user add NAME</code> makes more.
        </p>
      </form>
    </DoorFrame>
  );
}
