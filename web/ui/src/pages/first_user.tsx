/** The first person who may sign in: an admin, made with the one-time link that the daemon prints. */

import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem } from '../api/resource';
import type { Session } from '../api/types';
import { sentence } from '../lib/text';
import { DoorFrame } from '../parts/door_frame';
import { Field } from '../parts/field';

const PASSWORD_MIN = 10;

export function FirstUser({ linkKey, onSignedIn }: { linkKey: string; onSignedIn: (session: Session) => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    if (form.get('password') !== form.get('again')) {
      setError('The two passwords differ.');
      return;
    }
    setBusy(true);
    try {
      const body = { key: linkKey, name: form.get('name'), password: form.get('password') };
      onSignedIn(await ask<Session>('POST', '/api/v1/first-user', { body }));
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
      setBusy(false);
    }
  }

  return (
    <DoorFrame title="Welcome to scanpost">
      <form onSubmit={submit}>
        <p>Choose a name and a password. You will be the first administrator; you can add others afterwards.</p>
        {error && (
          <p class="notice bad" role="alert">
            {error}
          </p>
        )}
        <Field label="Name" hint="Small letters, digits, “.”, “_” and “-”.">
          {(ties) => (
            <input
              {...ties}
              ref={first}
              name="name"
              autocomplete="username"
              autocapitalize="none"
              spellcheck={false}
              required
              maxLength={64}
              pattern="[a-z0-9._\-]+"
            />
          )}
        </Field>
        <Field label="Password" hint={`At least ${PASSWORD_MIN} characters. A sentence is fine.`}>
          {(ties) => (
            <input
              {...ties}
              name="password"
              type="password"
              autocomplete="new-password"
              required
              minLength={PASSWORD_MIN}
              maxLength={256}
            />
          )}
        </Field>
        <label>
          Password, once more
          <input name="again" type="password" autocomplete="new-password" required maxLength={256} />
        </label>
        <button type="submit" aria-busy={busy} disabled={busy}>
          {busy ? 'One moment' : 'Begin'}
        </button>
      </form>
    </DoorFrame>
  );
}
