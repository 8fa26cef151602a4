// What the first look costs. The bytes are a promise; the time is told, not judged: machines differ.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endWell, facts, openAs, openPage } from './browser.mjs';

async function weigh(page) {
  return page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter((entry) => !entry.name.includes('/api/'))
      .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize]),
  );
}

test('the first load is below 150 kB, and the preview is not in it', async (t) => {
  const page = await openPage();
  const began = Date.now();
  await page.goto(`${facts.url}/`);
  await page.getByLabel('Name').waitFor();
  t.diagnostic(`the door is open after ${Date.now() - began} ms`);
  await endWell(page);

  const inside = await openAs('ada', '#/');
  await inside.locator('canvas').first().waitFor();
  await inside.reload();
  await inside.locator('main h1').first().waitFor();
  t.diagnostic(`signed in, the overview is there after ${await inside.evaluate(() => Math.round(performance.now()))} ms`);
  await endWell(inside);

  const fresh = await openAs('ada', '#/');
  await fresh.locator('canvas').first().waitFor();
  const files = await weigh(fresh);
  const sum = files.reduce((all, [, size]) => all + size, 0);
  t.diagnostic(`first load: ${sum} bytes: ${files.map(([path, size]) => `${path} ${size}`).join(', ')}`);
  assert.ok(sum > 10_000 && sum < 150_000, `${sum} bytes`);
  assert.ok(files.every(([path]) => !path.includes('pdf')));
  await endWell(fresh);
});

test('what was loaded once is kept; the page itself is asked for anew', async () => {
  const page = await openPage();
  await page.goto(`${facts.url}/`);
  const asked = [];
  page.on('response', (response) =>
    asked.push([new URL(response.url()).pathname, response.status(), response.fromServiceWorker()]),
  );
  const index = await page.request.get(`${facts.url}/`);
  const again = await page.request.get(`${facts.url}/`, { headers: { 'If-None-Match': index.headers().etag } });
  assert.equal(again.status(), 304);
  const [, script] = /src="([^"]+)"/.exec(await index.text());
  const asset = await page.request.get(`${facts.url}${script}`);
  assert.equal(asset.headers()['cache-control'], 'public, max-age=31536000, immutable');
  await endWell(page);
});
