// all.mjs - everything that the browser is driven through, one after the other: the house is shared, and some tests
// change what others look at. Run by ../test_page.py.
import { after, before } from 'node:test';
import { closeBrowser, openBrowser } from './browser.mjs';

before(openBrowser);
after(closeBrowser);

await import('./access.test.mjs');
await import('./load.test.mjs');
await import('./door.test.mjs');
await import('./jobs.test.mjs');
await import('./rooms.test.mjs');
await import('./attacks.test.mjs');
await import('./job.test.mjs');
