import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agoWords, type Clock, exactWords, localeOf, momentWords, spanWords } from '../src/lib/time';

const clock: Clock = { now: Date.parse('2026-11-28T12:00:00Z'), locale: 'en-GB', zone: 'Europe/Berlin' };

test('near moments are short, far ones say the day', () => {
  const words = (iso: string) => momentWords(iso, clock);
  assert.equal(words('2026-11-28T11:04:00Z'), '12:04');
  assert.equal(words('2026-11-28T13:04:00Z'), '14:04');
  assert.equal(words('2026-11-27T11:04:00Z'), 'yesterday 12:04');
  assert.equal(words('2026-11-29T11:04:00Z'), 'tomorrow 12:04');
  assert.equal(words('2026-11-24T11:04:00Z'), 'Tue 12:04');
  assert.equal(words('2026-03-03T11:04:00Z'), '3 Mar 12:04');
  assert.equal(words('2025-03-03T11:04:00Z'), '3 Mar 2025');
  assert.equal(words('nonsense'), '');
});

test('midnight is the one of the viewer', () => {
  assert.equal(momentWords('2026-11-27T23:30:00Z', clock), '00:30');
});

test('the exact moment has its zone', () => {
  assert.match(exactWords('2026-11-28T11:04:03.120Z', clock), /^Saturday,? 28 November 2026 at 12:04:03\.120 (CET|GMT\+1)$/);
});

test('spans', () => {
  const cases: [number, string][] = [
    [412, '412 ms'],
    [1240, '1.2 s'],
    [42_000, '42 s'],
    [200_000, '3 min 20 s'],
    [120_000, '2 min'],
    [7_500_000, '2 h 5 min'],
    [5 * 86_400_000, '5 days'],
    [-5, '0 ms'],
  ];
  for (const [ms, words] of cases) assert.equal(spanWords(ms), words);
});

test('from now', () => {
  assert.equal(agoWords('2026-11-28T11:57:00Z', clock), '3 min ago');
  assert.equal(agoWords('2026-11-28T14:00:00Z', clock), 'in 2 h');
  assert.equal(agoWords('2026-11-28T11:59:58Z', clock), 'just now');
});

test('English of the viewer, else British', () => {
  assert.equal(localeOf('en-US'), 'en-US');
  assert.equal(localeOf('de-DE'), 'en-GB');
  assert.equal(localeOf(undefined), 'en-GB');
});
