/** What was done just now, said for a moment, and to those who listen. */

import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

const STAY_MS = 6000;
let next = 1;
let show: ((toast: Toast) => void) | null = null;

export function toast(text: string, tone: Toast['tone'] = 'good'): void {
  show?.({ id: next++, tone, text });
}

export function ToastShelf() {
  const [toasts, setToasts] = useState<Toast[]>([]);
  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const remove = (id: number) => setToasts((all) => all.filter((item) => item.id !== id));
    show = (item) => {
      setToasts((all) => [...all.slice(-2), item]);
      timers.add(setTimeout(() => remove(item.id), STAY_MS));
    };
    return () => {
      show = null;
      for (const timer of timers) clearTimeout(timer);
    };
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.map((item) => (
        <p key={item.id} class={`toast ${item.tone}`}>
          <Icon name={item.tone === 'good' ? 'sent' : 'failed'} />
          <span>{item.text}</span>
        </p>
      ))}
    </div>
  );
}
