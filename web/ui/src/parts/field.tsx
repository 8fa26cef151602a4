/** A field of a form: its label, itself, and a hint that is not part of its name. */

import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Ties {
  id: string;
  'aria-describedby'?: string;
}

export function Field({ label, hint, children }: { label: string; hint?: string; children: (ties: Ties) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(hint ? { id, 'aria-describedby': `${id}-hint` } : { id })}
      {hint && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  );
}
