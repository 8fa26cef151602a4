// Everybody can use it: axe-core finds nothing on any page, light and dark, wide and narrow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import axe from 'axe-core';
import { endWell, facts, goTo, openAs, openPage } from './browser.mjs';

const rules = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] };

async function look(page, where) {
  await page.evaluate(() => scrollTo(0, 0)); // what is under the bar for a moment is not too small for that
  await page.evaluate(axe.source);
  const found = await page.evaluate((options) => globalThis.axe.run(document, options), rules);
  const words = found.violations.map(
    (item) => `${item.id}: ${item.nodes.map((node) => `${node.target} ${node.failureSummary}`).join('; ')}`,
  );
  assert.deepEqual(words, [], where);
}

const places = [
  '#/',
  '#/jobs',
  '#/jobs?q=status%3Atrouble+-to%3Anobody',
  '#/jobs?q=nothing-like-this',
  '#/methods',
  '#/sources',
  '#/admin',
  '#/admin/audit',
  '#/nowhere',
];
const jobs = ['failed too', 'partial', 'held', 'deferred', 'document', 'many', 'cancelled', 'attack reply'];

for (const colorScheme of ['light', 'dark'])
  for (const [size, viewport] of Object.entries({ wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } }))
    test(`no violation, ${colorScheme}, ${size}`, async () => {
      const door = await openPage({ colorScheme, viewport });
      await goTo(door, '#/');
      await door.getByRole('heading', { name: 'Sign in' }).waitFor();
      await look(door, 'the door');
      await goTo(door, '#/first?key=abc');
      await door.getByRole('heading', { name: 'Welcome to scanpost' }).waitFor();
      await look(door, 'the first user');
      await endWell(door);

      const page = await openAs('ada', '#/', { colorScheme, viewport });
      for (const place of [...places, ...jobs.map((name) => `#/jobs/${facts.jobs[name]}`)]) {
        await goTo(page, place);
        await page.locator('main h1, main .empty').first().waitFor();
        await page.locator('main .loading').first().waitFor({ state: 'hidden' });
        if (place.startsWith('#/jobs/'))
          for (const details of await page.locator('main details > summary').all()) await details.click();
        await look(page, place);
      }
      await goTo(page, '#/sources');
      await page.getByRole('button', { name: 'Add a device' }).click();
      await page.getByRole('dialog').waitFor();
      await look(page, 'a dialog');
      await page.keyboard.press('Escape');
      await page.getByLabel('ada, admin: menu').click();
      await look(page, 'the menu');
      await endWell(page);
    });
