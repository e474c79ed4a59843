import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {after, afterEach, before, beforeEach, test} from 'node:test';
import {brokenPng, file, newKey, png, startBrowser, startServer} from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let server;
let page;
let faults;

async function openPage(options = {}) {
  const context = await browser.newContext(options);
  const opened = await context.newPage();
  opened.on('pageerror', (error) => faults.push(error.message));
  opened.on('console', (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
  await opened.goto(server.url);
  return opened;
}

const card = (name) => page.locator('.card', {hasText: name});
const upload = (...files) => page.setInputFiles('#picker', files);

before(async () => { browser = await startBrowser(); });
after(async () => { await browser.close(); });
beforeEach(async () => {
  faults = [];
  server = await startServer();
  page = await openPage();
});
afterEach(async () => {
  await page.context().close();
  await server.stop();
  server.remove();
  assert.deepEqual(faults, []);
});

test('several picked images become thumbnails of the right size', async () => {
  await page.getByText('Nothing here yet').waitFor();
  await upload(file('one.png'), file('two.png', png(300, 900)), file('three.png', png(50, 40)));
  for (const [name, width, height] of [['one.png', 200, 150], ['two.png', 67, 200], ['three.png', 50, 40]]) {
    const image = card(name).locator('img');
    await image.waitFor();
    await page.waitForFunction((node) => node.complete && node.naturalWidth > 0, await image.elementHandle());
    assert.deepEqual(await image.evaluate((node) => [node.naturalWidth, node.naturalHeight]), [width, height]);
  }
  assert.equal(await page.locator('.upload').count(), 0);
  assert.equal(await page.getByText('Nothing here yet').isVisible(), false);
});

test('a dropped image becomes a thumbnail, with the chosen options', async () => {
  await page.getByLabel('Size').fill('100x100');
  await page.getByLabel('Fit').selectOption('cover');
  await page.getByLabel('Format').selectOption('webp');
  const bytes = [...png(400, 300)];
  await page.evaluate((data) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(data)], 'dropped.png', {type: 'image/png'}));
    window.dispatchEvent(new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true}));
  }, bytes);
  const image = card('dropped.png').locator('img');
  await page.waitForFunction((node) => node.naturalWidth === 100 && node.naturalHeight === 100, await image.elementHandle());
});

test('a file that is no image says so and can be retried', async () => {
  await upload(file('notes.txt', Buffer.from('only text')));
  const row = page.locator('.upload', {hasText: 'notes.txt'});
  await row.locator('.problem').waitFor();
  assert.match(await row.locator('.problem').textContent(), /image/i);
  const again = page.waitForRequest((request) => request.method() === 'POST');
  await page.getByRole('button', {name: 'Retry notes.txt'}).click();
  await again;
});

test('an upload whose answer was lost is the same one when it is retried', async () => {
  const session = await page.context().newCDPSession(page);
  let lost = false;
  session.on('Fetch.requestPaused', ({requestId, request}) => {
    const lose = !lost && request.method === 'POST';
    lost ||= lose;
    session.send(lose ? 'Fetch.failRequest' : 'Fetch.continueRequest',
      lose ? {requestId, errorReason: 'ConnectionReset'} : {requestId});
  });
  await session.send('Fetch.enable', {patterns: [{urlPattern: '*/v1/images', requestStage: 'Response'}]});
  const stored = async () => (await (await fetch(`${server.url}/v1/images`)).json()).images.length;
  const row = page.locator('.upload');
  await upload(file('lost.png'));
  await page.getByRole('button', {name: 'Retry lost.png'}).click();
  await card('lost.png').waitFor();
  await row.waitFor({state: 'detached'});
  assert.equal(await stored(), 1);
  await upload(file('lost.png'));
  await card('lost.png').nth(1).waitFor();
  assert.equal(await stored(), 2, 'a file that is chosen again is another upload');
});

test('a wrong option is named', async () => {
  await page.getByLabel('Size').fill('huge');
  await upload(file('a.png'));
  await page.locator('.upload .problem', {hasText: 'huge'}).waitFor();
});

test('dead letters are listed with their reason, retried and purged', async () => {
  await upload(file('broken.png', brokenPng));
  await page.locator('.upload .problem', {hasText: 'failed'}).waitFor();
  const letter = page.locator('.letter', {hasText: 'broken.png'});
  await letter.waitFor();
  assert.equal(await page.locator('#dead-count').textContent(), '1');
  const retried = page.waitForResponse((response) => response.url().endsWith('/retry') && response.request().method() === 'POST');
  await page.getByRole('button', {name: 'Retry broken.png'}).click();
  assert.equal((await retried).status(), 202);
  await letter.waitFor();
  await page.getByRole('button', {name: 'Purge all'}).click();
  await page.locator('#dead').waitFor({state: 'hidden'});
});

test('names are shown as text, whatever they contain', async () => {
  const name = "<img src=x onerror='document.title=1'> & 'quotes'.png";
  await upload(file(name));
  await card('<img src=x').waitFor();
  await card('<img src=x').getByRole('button').click();
  assert.equal(await page.locator('#viewer-title').textContent(), name);
  assert.equal(await page.title(), 'Thumbmill');
  assert.equal(await page.locator('.card img').count(), 1);
});

test('the viewer compares, shows facts, downloads and deletes', async () => {
  await upload(file('view.png'));
  await card('view.png').getByRole('button').click();
  await page.locator('#compare-before').waitFor();
  await page.getByLabel('Before / after').fill('80');
  assert.match(await page.locator('#compare-after').getAttribute('style'), /80%/);
  await page.locator('#facts', {hasText: '640 × 480'}).waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('link', {name: 'Download'}).click();
  assert.equal((await download).suggestedFilename(), 'view-thumb.jpg');
  await page.getByRole('button', {name: 'Delete'}).click();
  await page.locator('.card').waitFor({state: 'detached'});
  await page.reload();
  await page.getByText('Nothing here yet').waitFor();
});

test('a reload keeps the gallery, and another tab sees new images', async () => {
  const other = await openPage();
  await upload(file('kept.png'));
  await card('kept.png').waitFor();
  await other.locator('.card', {hasText: 'kept.png'}).waitFor();
  await page.reload();
  await card('kept.png').waitFor();
  await other.context().close();
});

test('a server that goes away is told, and found again', async () => {
  const address = new URL(server.url).host;
  await server.stop('SIGKILL');
  await upload(file('early.png'));
  await page.locator('#offline').waitFor();
  server = await startServer({store: server.store, listen: address});
  await page.getByRole('button', {name: 'Retry early.png'}).click();
  await card('early.png').waitFor();
  await page.locator('#offline').waitFor({state: 'hidden'});
});

test('everything can be done with the keyboard', async () => {
  await upload(file('keys.png'));
  await card('keys.png').waitFor();
  const focused = () => page.evaluate(() => document.activeElement.closest('.card') !== null);
  for (let i = 0; i < 30 && !(await focused()); i += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('#viewer[open]').waitFor();
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab');
    assert.ok(await page.evaluate(() => document.activeElement === document.body
      || document.querySelector('#viewer').contains(document.activeElement)), 'focus stays in the dialog');
  }
  await page.keyboard.press('Escape');
  await page.locator('#viewer').waitFor({state: 'hidden'});
  assert.ok(await focused(), 'focus returns to the card');
});

for (const colorScheme of ['light', 'dark']) {
  test(`is accessible and fits a phone (${colorScheme})`, async () => {
    const phone = await openPage({colorScheme, viewport: {width: 320, height: 640}});
    await phone.setInputFiles('#picker', [file('a-rather-long-name-without-any-space-in-it-whatsoever.png'), file('broken.png', brokenPng),
      file('notes.txt', Buffer.from('text'))]);
    await phone.locator('.card').waitFor();
    await phone.locator('.letter').waitFor();
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
    await phone.locator('.card button').click();
    await phone.locator('#viewer[open]').waitFor();
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    const check = async () => {
      // Evaluated by the browser's debugger, which the page's policy does not bind.
      await phone.evaluate(axe);
      const {violations} = await phone.evaluate(() => axe.run());
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), []);
    };
    await check();
    await phone.keyboard.press('Escape');
    await check();
    await phone.context().close();
  });
}

test('a service with keys is used with one, which the page asks for', async () => {
  await server.stop();
  const keys = join(server.store, 'keys');
  const key = newKey(keys, 'people', 'admin');
  server = await startServer({store: server.store, options: ['--api-keys-file', keys]});
  await page.goto(server.url);
  const dialog = page.getByRole('dialog', {name: 'API key'});
  await dialog.waitFor();
  await page.evaluate(axe);
  const {violations} = await page.evaluate(() => axe.run());
  assert.deepEqual(violations.map((v) => v.id), []);
  await page.getByRole('textbox', {name: 'Key'}).fill('tm_wrong');
  await page.getByRole('button', {name: 'Use this key'}).click();
  await page.getByText('is not known here').waitFor();
  await page.getByRole('textbox', {name: 'Key'}).fill(key);
  await page.getByRole('button', {name: 'Use this key'}).click();
  await dialog.waitFor({state: 'hidden'});
  const streams = page.waitForResponse((response) => response.url().endsWith('/v1/events'));
  await page.reload();
  assert.equal((await streams).status(), 200);
  await upload(file('guarded.png'));
  const image = card('guarded.png').locator('img');
  await page.waitForFunction((node) => node.naturalWidth > 0, await image.elementHandle());
  assert.match(await image.getAttribute('src'), /\?expires=\d+&signature=[0-9a-f]{64}$/);
  const other = await page.context().newPage();
  await other.goto(server.url);
  await other.getByRole('dialog', {name: 'API key'}).waitFor();  // the key is this tab's
  await other.close();
});

test('with a key for uploads only, the page shows what it may', async () => {
  await server.stop();
  const keys = join(server.store, 'keys');
  const key = newKey(keys, 'uploads', 'upload');
  server = await startServer({store: server.store, options: ['--api-keys-file', keys]});
  await page.goto(server.url);
  await page.getByRole('textbox', {name: 'Key'}).fill(key);
  await page.getByRole('button', {name: 'Use this key'}).click();
  await page.getByRole('dialog', {name: 'API key'}).waitFor({state: 'hidden'});
  await upload(file('mine.png'));
  await card('mine.png').waitFor();
});
