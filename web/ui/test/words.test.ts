import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attemptFacts, attemptSentence } from '../src/lib/attempt';
import { resultText } from '../src/lib/bulk';
import { filled } from '../src/lib/chart';
import { linksOf, piecesOf } from '../src/lib/fix';
import { hereFrom, smbWay, webdavWay } from '../src/lib/panel';
import { daysWords, headlineOf } from '../src/lib/overview';
import { previewKind } from '../src/lib/preview';
import { parsePlace, placeOf } from '../src/lib/route';
import { mergeRows, titleOf } from '../src/lib/rows';
import { countWords, firstAndMore, listWords, sentence, sizeWords } from '../src/lib/text';
import type { JobRow } from '../src/api/types';

test('sizes, counts and lists', () => {
  assert.equal(sizeWords(1), '1 byte');
  assert.equal(sizeWords(1023), '1023 bytes');
  assert.equal(sizeWords(2048), '2.0 KB');
  assert.equal(sizeWords(35 * 1024 * 1024), '35 MB');
  assert.equal(countWords(1, 'job'), '1 job');
  assert.equal(countWords(1200, 'job'), '1\u202f200 jobs');
  assert.equal(listWords(['a', 'b', 'c']), 'a, b and c');
  assert.equal(firstAndMore(['a@b', 'c', 'd']), 'a@b and 2 more');
  assert.equal(sentence('it is so'), 'It is so.');
  assert.equal(sentence('Why?'), 'Why?');
  assert.equal(sentence('smtp.office365.com answers'), 'smtp.office365.com answers.');
});

test('commands of a fix stand apart from its sentences', () => {
  const fix =
    'An Exchange administrator switches it on. In Exchange Online PowerShell:\n' +
    'Set-CASMailbox a@contoso.com -SmtpClientAuthenticationDisabled $false\n' +
    'Get-CASMailbox a@contoso.com | fl SmtpClientAuthenticationDisabled\n' +
    'It can take up to an hour. Get-AcceptedDomain tells more.';
  assert.deepEqual(
    piecesOf(fix).map((piece) => piece.kind),
    ['text', 'commands', 'text'],
  );
  assert.equal(piecesOf(fix)[1]!.text.split('\n').length, 2);
  assert.deepEqual(piecesOf(''), []);
});

test('addresses of a fix are links, without the full stop', () => {
  assert.deepEqual(linksOf('See https://sender.office.com.'), ['See ', 'https://sender.office.com', '.']);
});

test('an attempt in words', () => {
  const made = {
    n: 1,
    method: 'direct',
    host: 'mx',
    port: 25,
    ip: '',
    tls: 'TLSv1.3',
    stage: 'rcpt',
    outcome: 'failed',
    class: 'ip_reputation',
    cause: '',
    code: 550,
    enhanced: '5.7.606',
    reply: '',
    summary: 'Blocked',
    fix: '',
    started: null,
    duration_ms: 412,
  } as const;
  assert.equal(attemptSentence(made), 'Blocked.');
  assert.deepEqual(attemptFacts(made), ['direct', 'stopped while naming the recipients', '550 5.7.606', 'TLS 1.3', '412 ms']);
  assert.match(attemptSentence({ ...made, outcome: 'unknown' }), /may have arrived/);
});

test('what many at once came to', () => {
  assert.equal(resultText('retry', 37, []), '37 jobs queued again.');
  assert.equal(
    resultText('cancel', 1, ['already sent', 'already sent']),
    '1 job cancelled. 2 were passed over: already sent (2).',
  );
});

test('rows keep their place, new ones go on top', () => {
  const row = (id: string, subject = '') => ({ id, subject, documents: [] }) as unknown as JobRow;
  const before = [row('3'), row('1')];
  const after = mergeRows(before, [row('4'), row('3', 'changed'), row('1')]);
  assert.deepEqual(
    after.map((item) => item.id + item.subject),
    ['4', '3changed', '1'],
  );
  assert.equal(after[2], before[1], 'what did not change is the same object');
  assert.equal(titleOf({ id: 'x', subject: 's', documents: [] }), 's');
});

test('places', () => {
  const place = parsePlace('#/jobs/01J?q=to%3Aalice+x');
  assert.deepEqual(place.parts, ['jobs', '01J']);
  assert.equal(place.query.get('q'), 'to:alice x');
  assert.equal(placeOf(['jobs'], { q: 'a b' }), '#/jobs?q=a+b');
  assert.deepEqual(parsePlace('#/%E0%A4%A').parts, ['%E0%A4%A']);
});

test('buckets without holes', () => {
  const none = (at: string) => ({ at, n: 0 });
  const day = 86_400_000;
  const until = Date.parse('2026-11-05T12:00:00Z');
  const all = filled([{ at: '2026-11-03T23:00:00.000Z', n: 5 }], 'day', until - 3 * day, until, none);
  assert.deepEqual(
    all.map((bucket) => [bucket.at.slice(0, 13), bucket.n]),
    [
      ['2026-11-02T23', 0],
      ['2026-11-03T23', 5],
      ['2026-11-04T23', 0],
    ],
  );
});

test('what goes into a panel', () => {
  const here = hereFrom('http://127.0.0.1:8631', 'scan.contoso.com');
  assert.deepEqual(here, { host: 'scan.contoso.com', origin: 'http://scan.contoso.com:8631' });
  assert.equal(hereFrom('https://10.0.0.5', 'scan.contoso.com').host, '10.0.0.5');
  assert.equal(smbWay(here, 'scans').lines[0]!.value, '\\\\scan.contoso.com\\scans');
  assert.equal(webdavWay(here, 'accounting', 'sp_x').lines[0]!.value, 'http://scan.contoso.com:8631/dav/accounting/');
});

test('what a browser shows', () => {
  assert.equal(previewKind('application/pdf'), 'pdf');
  assert.equal(previewKind('image/jpeg'), 'image');
  assert.equal(previewKind('image/svg+xml'), 'none');
  assert.equal(previewKind('text/html'), 'none');
});

test('the sentence of the overview is a headline and the rest', () => {
  assert.deepEqual(headlineOf('Works, with troubles: 70 scans went out.'), {
    head: 'Works, with troubles',
    rest: '70 scans went out.',
  });
  assert.deepEqual(headlineOf('Nothing leaves since 11:42: the line is down. 3 scans wait.'), {
    head: 'Nothing leaves since 11:42',
    rest: 'The line is down. 3 scans wait.',
  });
  assert.deepEqual(headlineOf('All is well'), { head: 'All is well.', rest: '' });
});

test('days', () => {
  assert.equal(daysWords(0), 'today');
  assert.equal(daysWords(1), 'tomorrow');
  assert.equal(daysWords(12), 'in 12 days');
  assert.equal(daysWords(-2), '2 days ago');
});
