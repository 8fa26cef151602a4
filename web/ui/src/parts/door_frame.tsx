/** What surrounds the forms of those who are not signed in. */

import type { ComponentChildren } from 'preact';
import { useTitle } from './title';
import { Logo } from './logo';

export function DoorFrame({ title, children }: { title: string; children: ComponentChildren }) {
  useTitle(title);
  return (
    <main class="door">
      <div class="door-card">
        <div class="door-brand">
          <Logo size={36} />
          <span>scanpost</span>
        </div>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
