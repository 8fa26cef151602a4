/** Moments and spans in words, in the zone of whoever looks. Pure: "now" and the zone come from outside. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** English words, in the viewer's own order of day and month where that is English too. */
export function localeOf(language: string | undefined): string {
  return language?.toLowerCase().startsWith('en') ? (language as string) : 'en-GB';
}

export interface Clock {
  now: number;
  locale: string;
  /** undefined: the viewer's */
  zone: string | undefined;
}

function format(at: number, clock: Clock, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(clock.locale, clock.zone ? { ...options, timeZone: clock.zone } : options).format(at);
}

const timeOf = (at: number, clock: Clock) => format(at, clock, { hour: '2-digit', minute: '2-digit' });
const dayKey = (at: number, clock: Clock) => format(at, clock, { year: 'numeric', month: '2-digit', day: '2-digit' });

/** "12:04", "yesterday 12:04", "Mon 12:04", "23 Nov 12:04", "23 Nov 2025" */
export function momentWords(iso: string, clock: Clock): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const time = timeOf(at, clock);
  const day = dayKey(at, clock);
  if (day === dayKey(clock.now, clock)) return time;
  if (day === dayKey(clock.now - DAY, clock)) return `yesterday ${time}`;
  if (day === dayKey(clock.now + DAY, clock)) return `tomorrow ${time}`;
  if (Math.abs(clock.now - at) < 6 * DAY) return `${format(at, clock, { weekday: 'short' })} ${time}`;
  if (format(at, clock, { year: 'numeric' }) === format(clock.now, clock, { year: 'numeric' }))
    return `${format(at, clock, { day: 'numeric', month: 'short' })} ${time}`;
  return format(at, clock, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** "Saturday, 28 November 2026 at 12:04:03.120 CET" */
export function exactWords(iso: string, clock: Clock): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const day = format(at, clock, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
  const time = format(at, clock, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    timeZoneName: 'short',
  });
  return `${day} at ${time}`;
}

/** "412 ms", "1.2 s", "3 min 20 s", "2 h 5 min", "3 days" */
export function spanWords(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < HOUR) return two(Math.floor(ms / MINUTE), 'min', Math.floor((ms % MINUTE) / 1000), 's');
  if (ms < 2 * DAY) return two(Math.floor(ms / HOUR), 'h', Math.floor((ms % HOUR) / MINUTE), 'min');
  return `${Math.floor(ms / DAY)} days`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** One unit is enough between now and then: "20 s", "3 min", "2 h", "5 days" */
function roughly(ms: number): string {
  if (ms < MINUTE) return `${Math.max(1, Math.round(ms / 1000))} s`;
  if (ms < HOUR - MINUTE / 2) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY)} days`;
}

/** "just now", "3 min ago", "in 2 h" */
export function agoWords(iso: string, clock: Clock): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const since = clock.now - at;
  if (Math.abs(since) < 5000) return 'just now';
  return since > 0 ? `${roughly(since)} ago` : `in ${roughly(-since)}`;
}
