// browser.mjs - a browser over a running house: signing in, waiting, looking for what must not be there.
//
// Every wait is bounded by PATIENCE. What the house is, and whose passwords, is in the file that $SCANPOST_FACTS names.
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const facts = JSON.parse(readFileSync(process.env.SCANPOST_FACTS, 'utf8'));
export const PATIENCE = Number(process.env.SCANPOST_PATIENCE_MS ?? 20_000);

let browser;

export async function openBrowser() {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', timeout: 60_000 });
}

export async function closeBrowser() {
  await browser?.close();
}

/** What Microsoft does from now on; nothing: all is well. */
export function play(...scenarios) {
  writeFileSync(`${facts.scenario}.new`, scenarios.map((line) => `${line}\n`).join(''));
  renameSync(`${facts.scenario}.new`, facts.scenario);
}

/** A tab of its own, that remembers what went wrong in it. */
export async function openPage(options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    ...options,
  });
  await context.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener('securitypolicyviolation', (event) =>
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.troubles = [];
  page.on('pageerror', (error) => page.troubles.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // What the daemon refuses is in the console, too; each test says itself which answers it expects.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) page.troubles.push(message.text());
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.origin !== facts.url)
      page.troubles.push(`asked elsewhere: ${request.url()}`);
  });
  return page;
}

export async function signIn(page, name = 'ada', place = '#/') {
  await page.goto(`${facts.url}/${place}`);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(facts.passwords[name]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: 'Overview', exact: true }).waitFor();
}

export async function openAs(name, place = '#/', options = {}) {
  const page = await openPage(options);
  await signIn(page, name, place);
  return page;
}

export async function goTo(page, place) {
  await page.goto(`${facts.url}/${place}`);
}

/** Nothing failed in the tab, nothing foreign was asked for or ran. */
export async function endWell(page) {
  const violations = await page.evaluate(() => globalThis.violations);
  assert.deepEqual(violations, []);
  assert.equal(await page.evaluate(() => globalThis.attacked), undefined);
  assert.deepEqual(page.troubles, []);
  await page.context().close();
}

export async function until(what, condition) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A scan by the copier's own token. */
export async function scan(name, fields = {}, token = facts.token) {
  const form = new FormData();
  for (const [key, value] of Object.entries(fields)) form.append(key, value);
  const body = `%PDF-1.4\n% ${name} ${Math.random()}\n${' '.repeat(500)}\nstartxref\n0\n%%EOF\n`;
  form.append('document', new Blob([body], { type: 'application/pdf' }), name);
  const response = await fetch(`${facts.url}/api/v1/scans`, {
    method: 'POST',
    body: form,
    headers: { Authorization: `Bearer ${token}` },
  });
  return { status: response.status, ...(await response.json()) };
}

/** The names of the scans in the list, from its top. */
export async function listed(page) {
  return page.locator('tr.job .job-link').allTextContents();
}
