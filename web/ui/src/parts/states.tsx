/** What a list or a panel shows while it has nothing: loading, trouble, empty. */

import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/client';
import { sentence } from '../lib/text';
import { Icon, type IconName } from './icon';

export function Loading({ what, rows = 4 }: { what: string; rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="unseen">Loading {what}</span>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} class="bone" aria-hidden="true" />
      ))}
    </div>
  );
}

export function Trouble({ problem, what, retry }: { problem: Problem; what: string; retry?: () => void }) {
  return (
    <div class="notice bad" role="alert">
      <Icon name="failed" />
      <div>
        <strong>{what} could not be loaded.</strong> <span>{sentence(problem.message)}</span>
      </div>
      {retry && (
        <button type="button" class="secondary small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Empty({ icon = 'file', title, children }: { icon?: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} size={28} />
      <p class="empty-title">{title}</p>
      {children && <p class="muted">{children}</p>}
    </div>
  );
}
