// Words from outside that would like to be more than words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, goTo, openAs, scan, until } from './browser.mjs';

test('file names, subjects and replies of servers stay text', async () => {
  const page = await openAs('ada', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  await page.getByText(facts.subject_attack).first().waitFor();
  for (const name of ['attack', 'attack reply']) {
    await goTo(page, `#/jobs/${facts.jobs[name]}`);
    await page.getByRole('region', { name: 'What happened' }).waitFor();
    for (const details of await page.getByText('Details').all()) await details.click();
    await page.getByText('window.attacked=1').first().waitFor();
  }
  await goTo(page, '#/');
  await page.getByRole('region', { name: 'What is wrong' }).waitFor();
  assert.equal(await page.locator('img[src=x]').count(), 0);
  assert.equal(await page.locator('#page script').count(), 0);
  await endWell(page);
});

test('a search from a link is a search, whatever it says', async () => {
  const page = await openAs('anna', `#/jobs?q=${encodeURIComponent(facts.attack)}`);
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  await goTo(page, `#/${encodeURIComponent(facts.attack)}`);
  await page.getByText('There is nothing at this address').waitFor();
  await goTo(page, `#/jobs/${encodeURIComponent('../users')}`);
  await page.getByText('There is no such job').waitFor();
  await endWell(page);
});

test('names that look like markup, direction marks and very long ones', async () => {
  const names = [`<b>bold</b>.pdf`, `javascript:alert(1).pdf`, `\u202egpj.tset.pdf`, `${'long'.repeat(50)}.pdf`];
  for (const name of names) assert.equal((await scan(name)).status, 201);
  const page = await openAs('ada', '#/jobs');
  await until('all are listed', async () => (await page.locator('tr.job').count()) > 10);
  assert.equal(await page.locator('tr.job b').count(), 0);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 1440);
  await endWell(page);
});

test('no other page can frame this one or use its session', async () => {
  const page = await openAs('ada', '#/');
  const response = await page.request.get(`${facts.url}/`);
  const headers = response.headers();
  assert.match(headers['content-security-policy'], /frame-ancestors 'none'/);
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['referrer-policy'], 'no-referrer');
  const status = await page.evaluate(
    async (id) => (await fetch(`/api/v1/jobs/${id}/retry`, { method: 'POST' })).status,
    facts.jobs.held,
  );
  assert.equal(status, 403, 'without the CSRF token');
  await endWell(page);
});
