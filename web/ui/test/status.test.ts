import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Attempt, Job, JobState } from '../src/api/types';
import { bannerOf, statusLine, statusOf } from '../src/lib/status';

const attempt = (change: Partial<Attempt>): Attempt => ({
  n: 1,
  method: 'direct',
  host: 'mx.example',
  port: 25,
  ip: '',
  tls: '',
  stage: 'rcpt',
  outcome: 'failed',
  class: 'busy',
  cause: '',
  code: 451,
  enhanced: '4.3.2',
  reply: '451 4.3.2 busy',
  summary: 'Microsoft is busy.',
  fix: 'Nothing: it clears by itself.',
  started: '2026-11-28T11:00:00Z',
  duration_ms: 10,
  ...change,
});

const job = (state: JobState, change: Partial<Job> = {}): Job => ({
  id: '01J',
  state,
  created: '2026-11-28T11:00:00Z',
  finished: null,
  next_attempt: null,
  source: 'folder',
  source_name: 'scans',
  user: '',
  route: '',
  tenant: '',
  from: '',
  subject: '',
  message_id: '',
  method: '',
  trouble: '',
  documents_deleted: false,
  duplicate_of: null,
  documents: [],
  recipients: [{ address: 'a@contoso.com', state: 'waiting', method: '', reply: '' }],
  attempts: [],
  decision: [],
  ...change,
});

const line = (made: Job) => statusLine(statusOf(made), () => '12:04');

test('one line folds receiving and delivering', () => {
  assert.equal(line(job('queued')), 'Waiting: goes out in a moment');
  assert.equal(line(job('queued', { waits_in: 'submission' })), 'Waiting: in line for submission');
  assert.equal(line(job('sending', { method: 'direct' })), 'Sending: by direct, now');
  assert.equal(line(job('deferred', { class: 'busy', next_attempt: 'x' })), 'Waiting: Microsoft is busy, next try 12:04');
  assert.equal(
    line(job('deferred', { waits_for_method: true, class: 'network' })),
    'Waiting: no way is open: Microsoft cannot be reached',
  );
  assert.equal(line(job('held', { trouble: 'a copy of the one before' })), 'Needs you: a copy of the one before');
  assert.equal(line(job('sent', { method: 'graph', finished: 'x' })), 'Sent: accepted by Microsoft, graph, 12:04');
  assert.equal(line(job('failed', { class: 'auth_failed', finished: 'x' })), 'Failed: Microsoft refused the sign-in, 12:04');
  assert.equal(line(job('cancelled')), 'Cancelled: by a person');
});

test('partly sent says how many', () => {
  const recipients = [
    { address: 'a', state: 'sent' as const, method: '', reply: '' },
    { address: 'b', state: 'failed' as const, method: '', reply: '' },
  ];
  assert.equal(
    line(job('partial', { recipients, class: 'recipient_unknown' })),
    'Partly sent: 1 of 2 accepted: an address does not exist',
  );
});

test('the banner says what happens next, and offers what can be done', () => {
  const deferred = bannerOf(job('deferred', { attempts: [attempt({})], next_attempt: '2026-11-28T12:04:00Z' }));
  assert.equal(deferred.title, 'Received, and waits: Microsoft is busy');
  assert.equal(deferred.nextAt, '2026-11-28T12:04:00Z');
  assert.equal(deferred.fix, 'Nothing: it clears by itself.');
  assert.deepEqual(deferred.actions, ['retry', 'cancel', 'forward']);
  assert.deepEqual(bannerOf(job('sending')).actions, []);
  assert.deepEqual(bannerOf(job('sent')).actions, ['forward']);
  assert.deepEqual(bannerOf(job('failed')).actions, ['retry', 'forward']);
});

test('what was deleted is not offered again', () => {
  const banner = bannerOf(job('failed', { documents_deleted: true, trouble: 'refused' }));
  assert.deepEqual(banner.actions, []);
  assert.match(banner.next, /^Refused\. It is not tried again by itself\. Its documents were deleted/);
});

test('a lost answer is said', () => {
  const banner = bannerOf(job('deferred', { attempts: [attempt({ outcome: 'unknown' })] }));
  assert.match(banner.next, /may arrive twice/);
});

test('every state has a banner', () => {
  for (const state of ['queued', 'sending', 'deferred', 'held', 'sent', 'partial', 'failed', 'cancelled'] as const)
    assert.notEqual(bannerOf(job(state)).title, state);
});
