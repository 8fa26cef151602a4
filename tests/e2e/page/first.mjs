// first.mjs - a fresh house: nobody may sign in yet, and a link makes the first one. Run by ../test_page.py.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, endWell, facts, openBrowser, openPage } from './browser.mjs';

before(openBrowser);
after(closeBrowser);

test('the link of the first start makes an admin, once', async () => {
  const page = await openPage();
  await page.goto(facts.link);
  await page.getByRole('heading', { name: 'Welcome to scanpost' }).waitFor();
  await page.getByRole('textbox', { name: 'Name' }).fill('ada');
  await page.getByLabel('Password', { exact: true }).fill('an-admin-may-all');
  await page.getByLabel('Password, once more').fill('an-admin-may-not');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText('The two passwords differ.').waitFor();
  await page.getByLabel('Password, once more').fill('an-admin-may-all');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('link', { name: 'Admin' }).waitFor();
  assert.equal(page.url().includes('key='), false, 'the key does not stay in the address');
  await endWell(page);
});

test('a fresh house has its empty states, and nobody needs to be told what to do twice', async () => {
  const page = await openPage();
  await page.goto(facts.link);
  await page.getByRole('textbox', { name: 'Name' }).fill('eve');
  await page.getByLabel('Password', { exact: true }).fill('eve-was-too-late');
  await page.getByLabel('Password, once more').fill('eve-was-too-late');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('alert').waitFor();
  await page.goto(`${facts.url}/#/`);
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('an-admin-may-all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Jobs', exact: true }).click();
  await page.getByText('No scan has come in yet').waitFor();
  await page.getByRole('link', { name: 'Sources', exact: true }).last().click();
  await page.getByText('No device has a token yet').waitFor();
  await page.getByText('Nobody was refused').waitFor();
  await endWell(page);
});
