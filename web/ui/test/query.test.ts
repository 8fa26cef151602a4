import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chipText, parseQuery, termText, valueOf, withoutTerm, withTerm } from '../src/lib/query';

const plain = (q: string) => parseQuery(q).map(({ negated, key, value }) => ({ negated, key, value }));

test('words, keys, quotes and minus', () => {
  assert.deepEqual(plain('alice -status:sent subject:"annual report" to:a@contoso.com'), [
    { negated: false, key: '', value: 'alice' },
    { negated: true, key: 'status', value: 'sent' },
    { negated: false, key: 'subject', value: 'annual report' },
    { negated: false, key: 'to', value: 'a@contoso.com' },
  ]);
});

test('a colon in an ordinary word, a key without a value, an open quote', () => {
  assert.deepEqual(plain('12:30'), [{ negated: false, key: '', value: '12:30' }]);
  assert.deepEqual(plain('subject:"annual rep'), [{ negated: false, key: 'subject', value: 'annual rep' }]);
  assert.deepEqual(plain('   '), []);
});

test('a word that is no key stays whole', () => {
  assert.deepEqual(plain('stauts:failed'), [{ negated: false, key: '', value: 'stauts:failed' }]);
});

test('a term is taken away where it stands', () => {
  const q = 'alice status:failed  to:bob';
  const [, status] = parseQuery(q);
  assert.equal(withoutTerm(q, status!), 'alice to:bob');
});

test('a key has one value', () => {
  assert.equal(withTerm('alice status:failed', 'status', 'sent'), 'alice status:sent');
  assert.equal(withTerm('status:failed alice status:held', 'status', ''), 'alice');
  assert.equal(withTerm('', 'subject', 'annual report'), 'subject:"annual report"');
  assert.equal(withTerm('-status:sent', 'status', 'failed'), '-status:sent status:failed');
});

test('the value of a key', () => {
  assert.equal(valueOf('a STATUS:failed', 'status'), 'failed');
  assert.equal(valueOf('-status:failed', 'status'), '');
});

test('chips are words for people', () => {
  assert.equal(chipText(parseQuery('-to:alice')[0]!), 'not to alice');
  assert.equal(chipText(parseQuery('class:ip_reputation')[0]!), 'trouble ip reputation');
  assert.equal(chipText(parseQuery('"two words"')[0]!), '“two words”');
});

test('a term becomes text again', () => {
  for (const q of ['alice', '-alice', 'to:alice', 'subject:"annual report"']) assert.equal(termText(parseQuery(q)[0]!), q);
});
