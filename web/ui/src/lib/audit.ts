/** What somebody did, as a sentence. Pure. An action that is not known here is shown as it is named. */

import type { AuditEntry } from '../api/types';
import { isJobId } from './route';

const actions: Record<string, string> = {
  sign_in: 'signed in',
  sign_in_failed: 'could not sign in',
  sign_out: 'signed out',
  user_add: 'added the user',
  user_password: 'changed the password of',
  user_remove: 'removed the user',
  first_user: 'became the first user',
  first_link: 'made a link for the first user',
  token_add: 'made the token',
  token_revoke: 'revoked the token',
  job_retry: 'sent again the job',
  jobs_retry: 'sent jobs again',
  job_cancel: 'cancelled the job',
  jobs_cancel: 'cancelled jobs',
  job_forward: 'sent to someone else the job',
  jobs_export: 'exported jobs',
  document_open: 'opened a document of the job',
  method_check: 'checked the method',
};

export function actionText(entry: Pick<AuditEntry, 'action'>): string {
  return actions[entry.action] ?? entry.action.replaceAll('_', ' ');
}

/** The job that an entry is about, for a link. */
export function jobOf(entry: Pick<AuditEntry, 'object'>): string | null {
  return isJobId(entry.object) ? entry.object : null;
}
