/** The people who may sign in. */

import type { TargetedSubmitEvent } from 'preact';
import { useState } from 'preact/hooks';
import { ask } from '../api/client';
import { asProblem, useResource } from '../api/resource';
import type { Role, User } from '../api/types';
import { sentence } from '../lib/text';
import { Dialog } from './dialog';
import { Field } from './field';
import { Icon } from './icon';
import { useSigned } from './session';
import { Loading, Trouble } from './states';
import { toast } from './toast';
import { When } from './when';

const roles: { role: Role; may: string }[] = [
  { role: 'viewer', may: 'looks at everything, changes nothing' },
  { role: 'operator', may: 'sends again, cancels, checks; never opens documents' },
  { role: 'admin', may: 'everything, documents and users too' },
];

type Wish = { kind: 'add' } | { kind: 'password' | 'remove'; user: User };

async function carryOut(wish: Wish, form: FormData): Promise<string> {
  switch (wish.kind) {
    case 'add':
      await ask('POST', '/api/v1/users', {
        body: { name: form.get('name'), role: form.get('role'), password: form.get('password') },
      });
      return `${String(form.get('name'))} may sign in now`;
    case 'password':
      await ask('PUT', `/api/v1/users/${encodeURIComponent(wish.user.name)}/password`, {
        body: { password: form.get('password') },
      });
      return `${wish.user.name} has a new password, and was signed out everywhere`;
    case 'remove':
      await ask('DELETE', `/api/v1/users/${encodeURIComponent(wish.user.name)}`);
      return `${wish.user.name} may not sign in any more`;
  }
}

function NewPassword() {
  return (
    <Field label="Password" hint="At least 10 characters.">
      {(ties) => (
        <input {...ties} name="password" type="password" autocomplete="new-password" required minLength={10} maxLength={256} />
      )}
    </Field>
  );
}

function UserForm({ wish, onDone, onClose }: { wish: Wish; onDone: (words: string) => void; onClose: () => void }) {
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  async function submit(event: TargetedSubmitEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    try {
      onDone(await carryOut(wish, new FormData(event.currentTarget)));
    } catch (problem) {
      setError(sentence(asProblem(problem).message));
      setBusy(false);
    }
  }
  return (
    <form onSubmit={submit}>
      {error && (
        <p class="notice bad" role="alert">
          {error}
        </p>
      )}
      {wish.kind === 'add' && (
        <>
          <Field label="Name" hint="Small letters, digits, “.”, “_” and “-”.">
            {(ties) => (
              <input
                {...ties}
                name="name"
                required
                maxLength={64}
                pattern="[a-z0-9._\-]+"
                autocapitalize="none"
                spellcheck={false}
                autocomplete="off"
              />
            )}
          </Field>
          <fieldset>
            <legend>May</legend>
            {roles.map((item, i) => (
              <label key={item.role} class="choice">
                <input type="radio" name="role" value={item.role} defaultChecked={i === 0} /> <strong>{item.role}</strong>:{' '}
                {item.may}
              </label>
            ))}
          </fieldset>
        </>
      )}
      {wish.kind !== 'remove' && <NewPassword />}
      {wish.kind === 'remove' && (
        <p>{wish.user.name} will be signed out everywhere and may not come back. What they did stays on record.</p>
      )}
      <footer class="dialog-actions">
        <button type="button" class="secondary" onClick={onClose}>
          Leave it
        </button>
        <button type="submit" class={wish.kind === 'remove' ? 'danger' : ''} aria-busy={busy} disabled={busy}>
          {{ add: 'Add', password: 'Set password', remove: 'Remove' }[wish.kind]}
        </button>
      </footer>
    </form>
  );
}

function titleOf(wish: Wish | null): string {
  if (!wish) return '';
  return wish.kind === 'add'
    ? 'Add a user'
    : wish.kind === 'password'
      ? `New password for ${wish.user.name}`
      : `Remove ${wish.user.name}?`;
}

export function Users() {
  const { session } = useSigned();
  const users = useResource<{ users: User[] }>('/api/v1/users');
  const [wish, setWish] = useState<Wish | null>(null);
  return (
    <section class="panel" aria-labelledby="users-title">
      <header>
        <h2 id="users-title">Users</h2>
        <button type="button" class="small push" onClick={() => setWish({ kind: 'add' })}>
          <Icon name="plus" size={15} /> Add a user
        </button>
      </header>
      {users.loading && <Loading what="the users" />}
      {users.error && <Trouble problem={users.error} what="The users" retry={users.reload} />}
      {users.data?.users.length === 0 && <p class="muted">Nobody yet.</p>}
      {users.data && users.data.users.length > 0 && (
        <div class="scroll-x" tabIndex={0} role="group" aria-label="Users">
          <table class="users" role="table">
            <thead role="rowgroup">
              <tr role="row">
                <th role="columnheader" scope="col">
                  Name
                </th>
                <th role="columnheader" scope="col">
                  Role
                </th>
                <th role="columnheader" scope="col">
                  Since
                </th>
                <th role="columnheader" scope="col">
                  <span class="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody role="rowgroup">
              {users.data.users.map((user) => (
                <tr key={user.name} role="row">
                  <td role="cell">
                    <strong>{user.name}</strong>
                    {user.name === session.name && <span class="muted"> (you)</span>}
                  </td>
                  <td role="cell">{user.role}</td>
                  <td role="cell">
                    <When at={user.created} />
                  </td>
                  <td role="cell" class="row-actions">
                    <button type="button" class="plain small" onClick={() => setWish({ kind: 'password', user })}>
                      New password<span class="unseen"> for {user.name}</span>
                    </button>
                    <button
                      type="button"
                      class="plain small"
                      disabled={user.name === session.name}
                      onClick={() => setWish({ kind: 'remove', user })}
                    >
                      Remove<span class="unseen"> {user.name}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Dialog open={wish !== null} title={titleOf(wish)} onClose={() => setWish(null)}>
        {wish && (
          <UserForm
            wish={wish}
            onClose={() => setWish(null)}
            onDone={(words) => {
              toast(words);
              setWish(null);
              users.reload();
            }}
          />
        )}
      </Dialog>
    </section>
  );
}
