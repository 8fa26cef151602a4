/** A moment in short words; the exact one on hover, and for those who listen. */

import { useEffect, useState } from 'preact/hooks';
import { agoWords, type Clock, exactWords, localeOf, momentWords } from '../lib/time';

const TICK_MS = 15_000;

/** Now, in steps: what is rendered with it stays true. One timer for all. */
const tickers = new Set<(now: number) => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function tick(): void {
  const now = Date.now();
  for (const ticker of tickers) ticker(now);
}

export function useClock(): Clock {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    tickers.add(setNow);
    ticking ??= setInterval(tick, TICK_MS);
    return () => {
      tickers.delete(setNow);
      if (tickers.size > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    };
  }, []);
  return { now, locale: localeOf(navigator.language), zone: undefined };
}

export function When({ at, ago = false }: { at: string | null | undefined; ago?: boolean }) {
  const clock = useClock();
  if (!at) return <span class="muted">never</span>;
  const exact = exactWords(at, clock);
  return (
    <time dateTime={at} title={exact}>
      <span aria-hidden="true">{ago ? agoWords(at, clock) : momentWords(at, clock)}</span>
      <span class="unseen">{exact}</span>
    </time>
  );
}
