// Who comes in, and what those see who do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, goTo, openAs, openPage, signIn } from './browser.mjs';

test('who is not signed in sees the door and nothing else', async () => {
  const page = await openPage();
  for (const place of ['#/', '#/jobs', `#/jobs/${facts.jobs.document}`, '#/methods', '#/sources', '#/admin']) {
    await goTo(page, place);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    assert.equal(await page.getByText('Lease contract').count(), 0);
    assert.equal(await page.getByRole('navigation').count(), 0);
  }
  const paths = [
    'jobs',
    `jobs/${facts.jobs.document}`,
    `jobs/${facts.jobs.document}/document/1`,
    'methods',
    'sources',
    'overview',
    'stats',
    'users',
    'tokens',
    'audit',
    'events',
    'about',
  ];
  for (const path of paths) {
    const status = await page.evaluate(async (url) => (await fetch(url)).status, `/api/v1/${path}`);
    assert.equal(status, 401, path);
  }
  await endWell(page);
});

test('a wrong password is refused in words, the right one opens', async () => {
  const page = await openPage();
  await goTo(page, '#/jobs');
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('not-this-one');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(facts.passwords.ada);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  await endWell(page);
});

test('the session survives a reload, is nothing that scripts can read, and ends', async () => {
  const page = await openAs('ada', '#/sources');
  await page.reload();
  await page.getByRole('heading', { name: 'Sources' }).waitFor();
  assert.equal(await page.evaluate(() => document.cookie), '');
  const [cookie] = await page.context().cookies();
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  await page.getByLabel('ada, admin: menu').click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
  assert.equal(await page.evaluate(async () => (await fetch('/api/v1/jobs')).status), 401);
  await endWell(page);
});

test('a session that somebody ended leads back to the door', async () => {
  const page = await openAs('otto', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  await page.context().clearCookies();
  await goTo(page, '#/methods');
  await page.getByText('You were signed out').waitFor();
  await signIn(page, 'otto', '#/methods');
  await page.getByRole('heading', { name: 'Methods' }).waitFor();
  await endWell(page);
});

test('a viewer sees no action, and may do none', async () => {
  const page = await openAs('anna', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  const forbidden = /^(send|try now|cancel|retry|check now|revoke|add|remove|prove|look)/i;
  for (const place of [
    '#/',
    '#/jobs',
    `#/jobs/${facts.jobs.failed}`,
    `#/jobs/${facts.jobs.document}`,
    '#/methods',
    '#/sources',
  ]) {
    await goTo(page, place);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle').catch(() => {});
    const names = await page.getByRole('main').getByRole('button').allTextContents();
    assert.deepEqual(
      names.filter((name) => forbidden.test(name.trim())),
      [],
      place,
    );
  }
  assert.equal(await page.getByRole('link', { name: 'Admin' }).count(), 0);
  await goTo(page, '#/admin');
  await page.getByText('Only administrators come in here').waitFor();
  const statuses = await page.evaluate(async (id) => {
    const { csrf_token: csrf } = await (await fetch('/api/v1/session')).json();
    const send = async (method, path, body) =>
      (
        await fetch(`/api/v1/${path}`, {
          method,
          headers: { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' },
          body: body && JSON.stringify(body),
        })
      ).status;
    return [
      await send('POST', `jobs/${id}/retry`),
      await send('POST', `jobs/${id}/cancel`),
      await send('POST', `jobs/${id}/forward`, { to: ['a@contoso.com'] }),
      await send('POST', 'jobs/actions', { action: 'retry', q: '' }),
      await send('POST', 'methods/direct/check'),
      await send('POST', 'tokens', { name: 'mine' }),
      await send('DELETE', 'tokens/reception.mfp'),
      (await fetch(`/api/v1/jobs/${id}/document/1`)).status,
    ];
  }, facts.jobs.failed);
  assert.deepEqual(statuses, Array(8).fill(403));
  await endWell(page);
});

test('an operator acts, and does not open documents', async () => {
  const page = await openAs('otto', `#/jobs/${facts.jobs.document}`);
  await page.getByText('Only administrators may open them.').waitFor();
  assert.equal(await page.getByRole('button', { name: /^Look/ }).count(), 0);
  assert.equal(
    await page.evaluate(async (id) => (await fetch(`/api/v1/jobs/${id}/document/1`)).status, facts.jobs.document),
    403,
  );
  await page.getByRole('button', { name: 'Send to someone else' }).waitFor();
  await endWell(page);
});
