/** Who may sign in, and who did what. */

import { AuditLog } from '../parts/audit_log';
import { useMay } from '../parts/session';
import { Empty } from '../parts/states';
import { useTitle } from '../parts/title';
import { Users } from '../parts/users';

export function Admin({ tab }: { tab: string }) {
  useTitle('Administration');
  const admin = useMay('admin');
  if (!admin)
    return (
      <>
        <h1 class="unseen">Admin</h1>
        <Empty icon="door" title="Only administrators come in here">
          <a href="#/">To the overview</a>
        </Empty>
      </>
    );
  const audit = tab === 'audit';
  return (
    <>
      <div class="room-head">
        <h1>Administration</h1>
      </div>
      <nav class="views" aria-label="Administration">
        <ul class="tabs">
          <li>
            <a href="#/admin" aria-current={audit ? undefined : 'page'}>
              Users
            </a>
          </li>
          <li>
            <a href="#/admin/audit" aria-current={audit ? 'page' : undefined}>
              Who did what
            </a>
          </li>
        </ul>
      </nav>
      {audit ? <AuditLog /> : <Users />}
    </>
  );
}
