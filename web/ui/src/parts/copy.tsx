/** A button that copies, and says that it did. */

import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from './icon';

const STAY_MS = 2500;

/** The clipboard is there over HTTPS and on localhost only; elsewhere the old way has to do. */
async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard && isSecureContext) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // not allowed: the old way, then
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'unseen';
  // Inside an open dialog, because nothing outside can have the focus.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}

export function CopyButton({ text, what, label = 'Copy' }: { text: string; what: string; label?: string }) {
  const [state, setState] = useState<'ready' | 'copied' | 'failed'>('ready');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setState((await copyText(text)) ? 'copied' : 'failed');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState('ready'), STAY_MS);
  };
  const words = { ready: label, copied: 'Copied', failed: 'Not copied: mark it by hand' }[state];
  return (
    <button type="button" class="plain small copy" onClick={() => void copy()}>
      <Icon name={state === 'copied' ? 'check' : 'copy'} size={14} />
      <span aria-live="polite">{words}</span>
      <span class="unseen"> {what}</span>
    </button>
  );
}
