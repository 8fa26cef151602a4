// Overview, methods, sources, administration.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, goTo, openAs, play, scan, until } from './browser.mjs';

test('the overview says whether it works, what is wrong and who must act', async () => {
  const page = await openAs('anna', '#/');
  await page.getByRole('region', { name: 'Does it work?' }).getByRole('heading').waitFor();
  const trouble = page.getByRole('region', { name: 'What is wrong' });
  await trouble.locator('.trouble').first().waitFor();
  assert.match(await trouble.innerText(), /to act:/);
  await page.getByRole('region', { name: 'Ways to Microsoft' }).getByText('Shut').waitFor();
  await page.getByRole('region', { name: 'Last scan of each source' }).getByText('copier-2nd-floor').waitFor();
  const chart = page.getByRole('region', { name: 'Scans' }).getByRole('img');
  assert.match(await chart.getAttribute('aria-label'), /\d+ scans received in the last 30 days/);
  await chart.locator('canvas').waitFor();
  await trouble
    .getByRole('link', { name: /^\d+ jobs?$/ })
    .first()
    .click();
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  await page.locator('tr.job').first().waitFor();
  await endWell(page);
});

test('a method is checked, and its stages tick through', async () => {
  play();
  const page = await openAs('otto', '#/methods');
  const card = page.locator('[data-method=submission]');
  await card.getByRole('button', { name: /^Check now/ }).click();
  await card.locator('.steps li').first().waitFor();
  await card.locator('.check-verdict', { hasText: 'It works' }).waitFor();
  assert.ok((await card.locator('.steps li').count()) > 2);
  await card.getByText('of 10 000 recipients'.replace(' 000', '\u202f000')).waitFor();
  await endWell(page);
});

test('a method that is shut says why, and shows what to type', async () => {
  play('submission/auth-disabled', 'ip-blocked');
  const page = await openAs('otto', '#/methods');
  const card = page.locator('[data-method=submission]');
  await card.getByRole('button', { name: /^Check now/ }).click();
  await card.locator('.check-verdict', { hasText: 'does not work' }).waitFor();
  await card.getByText('Set-CASMailbox scanner@contoso.com').first().waitFor();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await card.locator('.command .copy').first().click();
  await card.getByText('Copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^Set-CASMailbox/m);
  play();
  await card.getByRole('button', { name: /^Check now/ }).click();
  await card.locator('.check-verdict', { hasText: 'It works' }).waitFor();
  await card.locator('header .pill', { hasText: 'Shut' }).waitFor({ state: 'hidden' });
  await endWell(page);
});

test('sources: a device gets a token once, hands in a scan, and is shut out', async () => {
  const page = await openAs('ada', '#/sources');
  const devices = page.getByRole('region', { name: 'Devices' });
  await devices.getByRole('button', { name: 'Add a device' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Device' }).fill('new-copier');
  await dialog.getByRole('combobox', { name: 'Route' }).selectOption('accounting');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const token = await dialog.locator('.token code').textContent();
  assert.match(token, /^sp_/);
  assert.match(await dialog.innerText(), /\/dav\/accounting\//);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  assert.equal((await page.content()).includes(token), false, 'shown once');
  const device = devices.locator('[data-device=new-copier]');
  await device.waitFor();
  assert.equal((await scan('From the new one.pdf', {}, token)).status, 201);
  await until('the count is live', async () => /1 scan/.test(await device.innerText()));
  await device.getByRole('button', { name: 'Revoke new-copier' }).click();
  await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
  await device.getByText('Revoked', { exact: true }).waitFor();
  assert.equal((await scan('Too late.pdf', {}, token)).status, 401);
  await page
    .getByRole('region', { name: 'Refused at the door' })
    .getByText(/revoked/)
    .first()
    .waitFor();
  await endWell(page);
});

test('who was refused at the door, and what to type into a panel', async () => {
  const page = await openAs('anna', '#/sources');
  const refused = page.getByRole('region', { name: 'Refused at the door' });
  await refused.getByText(/is not a kind of document/).waitFor();
  await refused
    .getByText(/somebody@elsewhere\.example/)
    .first()
    .waitFor();
  const folders = page.getByRole('region', { name: 'Folders' });
  await folders.getByText('What to type into the panel for scans').click();
  await folders.getByText('\\\\scan.contoso.com\\scans').waitFor();
  await endWell(page);
});

test('users come and go, and it is on record', async () => {
  const page = await openAs('ada', '#/admin');
  await page.getByRole('button', { name: 'Add a user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('eva');
  await dialog.getByLabel(/operator/).check();
  await dialog.getByLabel('Password').fill('eva-has-a-password');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  const row = page.getByRole('row', { name: /eva/ });
  await row.getByText('operator').waitFor();
  await row.getByRole('button', { name: 'Remove eva' }).click();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await row.waitFor({ state: 'hidden' });
  await goTo(page, '#/admin/audit');
  await page
    .getByRole('row', { name: /ada.*removed the user eva/ })
    .first()
    .waitFor();
  await page
    .getByRole('row', { name: /ada.*added the user eva/ })
    .first()
    .waitFor();
  await endWell(page);
});

test('the theme is chosen, and stays chosen', async () => {
  const page = await openAs('anna', '#/methods', { colorScheme: 'light' });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel('anna, viewer: menu').click();
  await page.getByLabel('Dark').check({ force: true });
  await until('it is dark', async () => (await ground()) !== light);
  await page.reload();
  await page.getByRole('heading', { name: 'Methods' }).waitFor();
  assert.notEqual(await ground(), light);
  await endWell(page);
});

test('on a phone nothing is wider than the screen', async () => {
  const page = await openAs('ada', '#/', { viewport: { width: 390, height: 844 } });
  for (const place of [
    '#/',
    '#/jobs',
    '#/methods',
    '#/sources',
    '#/admin',
    '#/admin/audit',
    ...Object.values(facts.jobs).map((id) => `#/jobs/${id}`),
  ]) {
    await goTo(page, place);
    await page.getByRole('heading', { level: 1 }).waitFor();
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390, place);
  }
  await endWell(page);
});
