// One job: its story, its documents, what can be done.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, goTo, openAs, play, until } from './browser.mjs';

const place = (name) => `#/jobs/${facts.jobs[name]}`;

test('the story of a scan that waits: what, why, when, and what to do', async () => {
  const page = await openAs('anna', place('deferred'));
  await page.getByRole('heading', { name: 'Payslips November.pdf' }).waitFor();
  const banner = page.getByRole('region', { name: 'How it stands' });
  assert.match(await banner.innerText(), /Received, and waits[\s\S]*Next try: \d\d:\d\d/);
  const story = page.getByRole('region', { name: 'What happened' });
  const sentences = await story.locator('.event-head strong').allTextContents();
  assert.equal(sentences.length, 3);
  assert.match(sentences[0], /busy/);
  assert.match(sentences[1], /block list/);
  assert.equal(sentences[2], 'Received, and safe on disk.');
  await story.getByText('Details').nth(1).click();
  await story.getByText(/^550 5\.7\.606/).waitFor();
  const way = page.getByRole('region', { name: 'Why this way' });
  assert.match(await way.innerText(), /direct[\s\S]*relay[\s\S]*Not configured/);
  const exact = await story.locator('time').first().getAttribute('title');
  assert.match(exact, /\d{4} at \d\d:\d\d:\d\d\.\d{3}/);
  await endWell(page);
});

test('recipients one by one, those in trouble first', async () => {
  const page = await openAs('anna', place('partial'));
  const people = page.getByRole('region', { name: '2 recipients' });
  const lines = await people.locator('li').allInnerTexts();
  assert.match(lines[0], /Refused[\s\S]*left@contoso\.com[\s\S]*5\d\d /);
  assert.match(lines[1], /Accepted[\s\S]*dora@contoso\.com/);
  await goTo(page, place('many'));
  const many = page.getByRole('region', { name: '45 recipients' });
  await many.getByRole('button', { name: 'Show all 45' }).click();
  assert.equal(await many.locator('li').count(), 45);
  await endWell(page);
});

test('a failed scan is sent again, and seen going out live', async () => {
  const page = await openAs('otto', place('failed'));
  await page.getByRole('heading', { name: 'Failed for good' }).waitFor();
  play();
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByRole('heading', { name: 'Accepted by Microsoft' }).waitFor();
  await page
    .getByRole('region', { name: 'What happened' })
    .getByText(/Microsoft took it/)
    .waitFor();
  await endWell(page);
});

test('a scan that waits is cancelled, and then sent to someone else', async () => {
  const page = await openAs('otto', place('deferred'));
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('heading', { name: 'Cancelled', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Send to someone else' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('To').fill('nobody');
  await dialog.getByRole('button', { name: 'Send', exact: true }).click();
  await dialog.getByRole('alert').waitFor();
  await dialog.getByLabel('To').fill('personnel@contoso.com');
  await dialog.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByRole('heading', { name: 'Accepted by Microsoft' }).waitFor();
  await page.getByText('Sent on from').waitFor();
  await goTo(page, place('deferred'));
  await page.getByText('Sent on as').waitFor();
  await endWell(page);
});

test('an admin looks at a PDF and at a picture', async () => {
  const page = await openAs('ada', place('document'));
  await page.getByRole('button', { name: 'Look at Lease contract.pdf' }).click();
  const leaf = page.getByRole('img', { name: 'Page 1 of Lease contract.pdf' });
  await page.getByText('1 of 1 pages').waitFor();
  const ink = await leaf.evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let dark = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] < 100) dark++;
    return dark;
  });
  assert.ok(ink > 100, 'there are letters on the page');
  await page.keyboard.press('Escape');
  await goTo(page, place('picture'));
  await page.getByRole('button', { name: 'Look at Whiteboard.png' }).click();
  const picture = page.getByRole('img', { name: 'The scan Whiteboard.png' });
  await until('the picture is drawn', () => picture.evaluate((image) => image.naturalWidth === 64));
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.keyboard.press('Escape').then(() => page.getByRole('link', { name: 'Download Whiteboard.png' }).click()),
  ]);
  assert.equal(download.suggestedFilename(), 'Whiteboard.png');
  await endWell(page);
});

test('a job that is not there', async () => {
  const page = await openAs('anna', '#/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV');
  await page.getByText('There is no such job').waitFor();
  await endWell(page);
});
