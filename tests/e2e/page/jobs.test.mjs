// Finding a job, and acting on many.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, goTo, listed, openAs, scan, until } from './browser.mjs';

const LEASE = 'Lease contract.pdf';

/** Types into the search box and waits until the list is what it should be. */
async function search(page, words, expected) {
  await page.getByLabel('Search jobs').fill(words);
  await page.getByLabel('Search jobs').press('Enter');
  await until(`${words} finds ${expected}`, async () => JSON.stringify(await listed(page)) === JSON.stringify(expected));
}

test('a job is found by each kind of search', async () => {
  const page = await openAs('otto', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  const searches = [
    ['lease', [LEASE]],
    ['"contract, signed"', [LEASE]],
    ['to:alice', [LEASE]],
    ['name:lease', [LEASE]],
    ['subject:"Lease contract"', [LEASE]],
    [`id:${facts.jobs.document}`, [LEASE]],
    [facts.jobs.document, [LEASE]],
    ['status:partial', ['Offer.pdf']],
    ['status:held', ['Passport.pdf']],
    ['status:sent to:bob', ['Whiteboard.png']],
    ['class:spam_content -to:personnel', ['Newsletter.pdf']],
    ['class:spam_content newsletter', ['Newsletter.pdf']],
    ['method:direct lease', [LEASE]],
    ['source:folder', ['Invoice 77.pdf']],
    ['source:copier-2nd-floor SCN_0003', ['SCN_0003.pdf']],
    ['after:24h lease', [LEASE]],
    ['before:2020-01-01', []],
    ['larger:10k', ['Invoice 77.pdf']],
    ['smaller:1k lease', [LEASE]],
    ['from:scanner lease', [LEASE]],
  ];
  for (const [words, expected] of searches) await search(page, words, expected);
  assert.match(page.url(), /#\/jobs\?q=from%3Ascanner\+lease$/);
  await page.reload();
  await until('a search is kept in the address', async () => JSON.stringify(await listed(page)) === JSON.stringify([LEASE]));
  await page.getByRole('button', { name: 'Take away: “lease”' }).click();
  await until('a chip is taken away', async () => (await listed(page)).length > 20);
  assert.equal(await page.getByLabel('Search jobs').inputValue(), 'from:scanner');
  await endWell(page);
});

test('a search that is wrong says which part', async () => {
  const page = await openAs('otto', '#/jobs');
  await page.getByLabel('Search jobs').fill('stauts:failed');
  await page.getByLabel('Search jobs').press('Enter');
  await page.getByRole('alert').filter({ hasText: 'stauts' }).waitFor();
  await endWell(page);
});

test('views, and words that are offered', async () => {
  const page = await openAs('anna', '#/jobs');
  await page.getByRole('button', { name: 'Failed', exact: true }).click();
  await until('failed ones only', async () =>
    (await page.locator('tr.job .pill').allTextContents()).every((word) => word === 'Failed'),
  );
  await page.getByLabel('Search jobs').fill('stat');
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  assert.equal(await page.getByLabel('Search jobs').inputValue(), 'status:');
  await page.getByRole('option', { name: 'status:held' }).click();
  await until('held ones only', async () => JSON.stringify(await listed(page)) === '["Passport.pdf"]');
  await endWell(page);
});

test('one line tells what became of each', async () => {
  const page = await openAs('anna', '#/jobs');
  const line = (name) => page.locator('tr.job', { has: page.getByRole('link', { name, exact: true }) }).locator('.cell-status');
  await line('Payslips November.pdf').waitFor();
  assert.match(
    await line('Payslips November.pdf').innerText(),
    /Waiting\s+(Microsoft is busy|no way is open).*next try \d\d:\d\d/s,
  );
  assert.match(await line(LEASE).innerText(), /Sent\s+accepted by Microsoft/);
  assert.match(await line('Offer.pdf').innerText(), /Partly sent\s+1 of 2 accepted/);
  assert.match(await line('Passport.pdf').innerText(), /Needs you/);
  assert.match(await line('Wrong pages.pdf').innerText(), /Cancelled/);
  await endWell(page);
});

test('the list goes on to its end, and stays where one was', async () => {
  const page = await openAs('anna', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  await until('the oldest job is there', async () => {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    return (await listed(page)).includes('SCN_0000.pdf');
  });
  await page.evaluate(() => scrollTo(0, 1500));
  await page.getByRole('link', { name: 'SCN_0030.pdf' }).click();
  await page.getByRole('heading', { name: 'SCN_0030.pdf' }).waitFor();
  await page.goBack();
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  assert.ok((await page.evaluate(() => scrollY)) > 1000, 'back where one was');
  await endWell(page);
});

test('a new scan shows up by itself; focus, marks and place stay', async () => {
  const page = await openAs('otto', '#/jobs');
  await page.locator('tr.job').nth(20).waitFor();
  await page.getByLabel('Mark SCN_0050.pdf').check();
  await page.evaluate(() => scrollTo(0, 700));
  await page.getByRole('link', { name: 'SCN_0050.pdf' }).focus();
  const height = async () => Math.round((await page.getByRole('link', { name: 'SCN_0050.pdf' }).boundingBox()).y);
  const before = await height();
  assert.equal((await scan('Just now.pdf')).status, 201);
  await page.getByRole('link', { name: 'Just now.pdf' }).waitFor({ state: 'attached' });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const moved = Math.abs((await height()) - before);
  assert.ok(moved <= 2, `what one looks at does not move: ${moved} pixels`);
  assert.equal(await page.getByLabel('Mark SCN_0050.pdf').isChecked(), true);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'SCN_0050.pdf');
  await endWell(page);
});

test('by keyboard alone', async () => {
  const page = await openAs('otto', '#/jobs');
  await page.locator('tr.job').first().waitFor();
  const focused = () => page.evaluate(() => document.activeElement.textContent);
  const [first, second] = await listed(page);
  await page.keyboard.press('j');
  assert.equal(await focused(), first);
  await page.keyboard.press('j');
  assert.equal(await focused(), second);
  await page.keyboard.press('k');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: first, level: 1 }).waitFor();
  await page.keyboard.press('j');
  await page.getByRole('heading', { name: second, level: 1 }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Jobs' }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys and search words' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'hidden' });
  await page.keyboard.press('/');
  await page.keyboard.type('lease');
  await until('found', async () => JSON.stringify(await listed(page)) === JSON.stringify([LEASE]));
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await until('all again', async () => (await listed(page)).length > 20);
  await endWell(page);
});

test('many at once, after saying how many', async () => {
  const page = await openAs('otto', '#/jobs?q=class%3Aspam_content+status%3Afailed');
  await until('two failed', async () => (await listed(page)).length === 2);
  await page.getByRole('button', { name: 'Send all of these again' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('2 jobs').first().waitFor();
  await dialog.getByRole('button', { name: 'Leave as it is' }).click();
  await dialog.waitFor({ state: 'hidden' });
  await goTo(page, '#/jobs?q=SCN_000');
  await until('ten', async () => (await listed(page)).length === 10);
  await page.getByLabel('Mark SCN_0001.pdf').check();
  await page.getByRole('button', { name: 'Cancel 1' }).click();
  await dialog.getByRole('button', { name: 'Cancel: 1 job' }).click();
  await page.getByText(/0 jobs cancelled\. 1 was passed over/).waitFor();
  await endWell(page);
});

test('the list as CSV', async () => {
  const page = await openAs('anna', '#/jobs?q=lease');
  await until('found', async () => (await listed(page)).length === 1);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'CSV of this list' }).click(),
  ]);
  let text = '';
  for await (const chunk of await download.createReadStream()) text += chunk;
  assert.match(text, /Lease contract/);
  assert.equal(text.trim().split('\n').length, 2);
  await endWell(page);
});
