// Pages of other sites against a service on this machine, in a real browser, which is the judge of what gets through.
// tests/unit/api/site_policy_test.cc has the same for every route.
import assert from 'node:assert/strict';
import {createServer, request as ask} from 'node:http';
import {after, before, beforeEach, afterEach, test} from 'node:test';
import {brokenPng, png, startBrowser, startServer} from './harness.mjs';

// Names that the browser finds on this machine, as it would find a name of the attacker's that was made to point here.
const kNames = ['evil.example', 'friend.example', 'rebound.example', 'photos.example'];

let browser;
let site;     // the web server of other people: any path is an empty page, under every name
let context;

function listen(server) {
  return new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve(server.address().port)); });
}

before(async () => {
  browser = await startBrowser([`--host-resolver-rules=${kNames.map((name) => `MAP ${name} 127.0.0.1`).join(', ')}`,
    // What newer browsers put before services of this machine, and others do not.
    '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests']);
  const server = createServer((request, response) => {
    const fields = {'content-type': 'text/html'};
    if (request.url === '/isolated') fields['cross-origin-embedder-policy'] = 'require-corp';
    response.writeHead(200, fields).end('<!doctype html><title>a page</title>');
  });
  site = {server, port: await listen(server)};
});
after(async () => {
  await browser.close();
  site.server.close();
});
beforeEach(async () => { context = await browser.newContext(); });
afterEach(async () => { await context.close(); });

/** A service with a thumbnail and a dead letter, and `end` to be called. */
async function startService(options = []) {
  const server = await startServer({options});
  const call = async (method, path, body) => {
    const response = await fetch(server.url + path, {method, body, headers: body ? {'content-type': 'image/png'} : {}});
    return response.json();
  };
  const image = await call('POST', '/v1/images?wait=60', png(64, 48));
  assert.equal(image.status, 'done');
  const broken = await call('POST', '/v1/images', brokenPng);
  await call('GET', `/v1/images/${broken.id}?wait=60`);
  return {
    port: new URL(server.url).port,
    image: image.id,
    dead: broken.id,
    thumb: image.renditions[0].url,
    // What there is: every image, and how often the dead one was tried.
    async state() {
      const images = (await call('GET', '/v1/images')).images.map(({id, status}) => `${id} ${status}`);
      const dead = (await call('GET', '/v1/dead')).images.map(({id, finished}) => `${id} ${finished}`);
      return JSON.stringify({images, dead});
    },
    async end() {
      await server.stop();
      server.remove();
    },
  };
}

async function open(url) {
  const page = await context.newPage();
  await page.goto(url);
  return page;
}

/** What a page gets that fetches: the status where it may read the answer, else "opaque" or "failed". */
const fetched = (page, url, options = {}) => page.evaluate(async ([address, how]) => {
  if (how.form) {
    how.body = new FormData();
    how.body.append('file', new Blob([new Uint8Array(how.form)], {type: 'image/png'}), 'x.png');
    delete how.form;
  }
  try {
    const response = await fetch(address, how);
    return response.type === 'opaque' ? 'opaque' : response.status;
  } catch { return 'failed'; }
}, [url, options]);

/** Whether an element with that address loads in the page. */
const loads = (page, tag, url) => page.evaluate(([name, address]) => new Promise((resolve) => {
  const element = document.createElement(name);
  element.onload = () => resolve(true);
  element.onerror = () => resolve(false);
  element.src = address;
  document.body.append(element);
}), [tag, url]);

/** Sends a form as a user who presses a button of that page would, and waits for the answer. */
async function submitted(page, url, {enctype = 'text/plain', sandboxed = false} = {}) {
  const [target] = await Promise.all([
    context.waitForEvent('page'),
    page.evaluate(([action, type, inSandbox]) => {
      const form = `<form method=post action="${action}" enctype="${type}" target=_blank><input name=a value=b></form>`;
      const frame = document.createElement('iframe');
      if (inSandbox) frame.sandbox = 'allow-forms allow-scripts allow-popups';
      frame.srcdoc = `${form}<script>document.forms[0].submit()</script>`;
      document.body.append(frame);
    }, [url, enctype, sandboxed]),
  ]);
  await target.waitForLoadState();
  const text = await target.locator('body').innerText();
  await target.close();
  return text;
}

// Each origin that a page may have that is not the service's.
const kOrigins = [
  {name: 'another site', from: 'evil.example', to: '127.0.0.1'},
  {name: 'another site that asks for localhost', from: 'evil.example', to: 'localhost'},
  {name: 'another port of the same host', from: '127.0.0.1', to: '127.0.0.1'},
  {name: 'another port of localhost', from: 'localhost', to: 'localhost'},
  {name: 'localhost, for the address', from: 'localhost', to: '127.0.0.1'},
];

for (const {name, from, to} of kOrigins) {
  test(`a page of ${name} changes nothing and reads nothing`, async () => {
    const service = await startService();
    const url = `http://${to}:${service.port}`;
    const state = await service.state();
    const page = await open(`http://${from}:${site.port}/`);
    const form = [...png(8, 8)];

    for (const mode of ['no-cors', 'cors']) {
      const unreadable = mode === 'no-cors' ? ['opaque', 'failed'] : ['failed'];
      for (const path of ['/upload', '/v1/images']) {
        assert.ok(unreadable.includes(await fetched(page, url + path, {method: 'POST', mode, form})), `${mode} ${path}`);
      }
      for (const path of ['/v1/dead/retry', `/v1/dead/${service.dead}/retry`]) {
        assert.ok(unreadable.includes(await fetched(page, url + path, {method: 'POST', mode})), `${mode} ${path}`);
      }
      for (const path of ['/v1/images', `/v1/images/${service.image}`, '/v1/queue', '/v1/dead', '/v1/events',
        service.thumb, '/', '/openapi.json', '/nothing']) {
        assert.ok(unreadable.includes(await fetched(page, url + path, {mode})), `${mode} ${path}`);
      }
    }
    for (const path of [`/v1/images/${service.image}`, '/v1/dead', `/v1/dead/${service.dead}`]) {
      assert.equal(await fetched(page, url + path, {method: 'DELETE'}), 'failed', path);
    }
    for (const enctype of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded']) {
      for (const path of ['/v1/dead/retry', `/v1/dead/${service.dead}/retry`, '/upload']) {
        for (const sandboxed of [false, true]) {
          assert.match(await submitted(page, url + path, {enctype, sandboxed}), /"foreign-origin"/, `${enctype} ${path}`);
        }
      }
    }
    for (const path of ['/v1/queue', '/v1/images', '/openapi.json', '/assets/app.js']) {
      assert.equal(await loads(page, 'script', url + path), false, path);
    }
    assert.equal(await loads(page, 'img', `${url}/assets/icon.svg`), false);
    assert.equal(await page.evaluate((address) => new Promise((resolve) => {
      const source = new EventSource(address);
      source.onopen = () => resolve('open');
      source.onerror = () => resolve(source.readyState);
    }), `${url}/v1/events`), 2, 'the stream is closed for good');
    // A link may lead here; a frame may not.
    assert.equal((await (await context.newPage()).goto(url)).status(), 200);
    await page.evaluate((address) => {
      const frame = document.createElement('iframe');
      frame.src = address;
      return new Promise((resolve) => { frame.onload = resolve; document.body.append(frame); });
    }, url);
    assert.ok(page.frames().every((frame) => !frame.url().startsWith(url)), 'the page is in a frame');

    assert.equal(await service.state(), state);
    await service.end();
  });
}

test('pages of any site may show an image whose address they know', async () => {
  const service = await startService();
  const url = `http://127.0.0.1:${service.port}${service.thumb}`;
  for (const address of [`http://evil.example:${site.port}/`, `http://localhost:${site.port}/isolated`]) {
    assert.equal(await loads(await open(address), 'img', url), true, address);
  }
  const alone = await open(url);
  assert.equal(await alone.evaluate(() => document.images[0].naturalWidth), 64);
  await service.end();
});

test('a name that was made to point here is refused, though its page is of the same origin', async () => {
  const service = await startService();
  const state = await service.state();
  const origin = `http://rebound.example:${service.port}`;
  const page = await context.newPage();
  // The attacker's own server, before the name changed its address.
  await page.route(`${origin}/lure`, (route) => route.fulfill({contentType: 'text/html', body: '<!doctype html>'}));
  await page.goto(`${origin}/lure`);
  for (const path of ['/', '/v1/images', '/v1/events', service.thumb, '/nothing']) {
    assert.equal(await fetched(page, path), 421, path);
  }
  assert.equal(await fetched(page, '/v1/dead/retry', {method: 'POST'}), 421);
  assert.equal(await fetched(page, '/upload', {method: 'POST', form: [...png(8, 8)]}), 421);
  assert.equal(await fetched(page, `/v1/images/${service.image}`, {method: 'DELETE'}), 421);
  assert.equal(await service.state(), state);
  await service.end();
});

test('an origin in cors-origins may use the API, another still may not', async () => {
  const service = await startService(['--cors-origins', `http://friend.example:${site.port}`]);
  const url = `http://127.0.0.1:${service.port}`;
  const friend = await open(`http://friend.example:${site.port}/`);
  assert.equal(await fetched(friend, `${url}/v1/images`), 200);
  assert.equal(await fetched(friend, `${url}/upload`, {method: 'POST', form: [...png(8, 8)]}), 202);
  assert.equal(await fetched(friend, `${url}/v1/dead/${service.dead}`, {method: 'DELETE'}), 204);
  const evil = await open(`http://evil.example:${site.port}/`);
  const state = await service.state();
  assert.equal(await fetched(evil, `${url}/v1/images`), 'failed');
  assert.equal(await fetched(evil, `${url}/upload`, {method: 'POST', form: [...png(8, 8)]}), 'failed');
  assert.equal(await service.state(), state);
  await service.end();
});

/** A proxy that asks the service by its address, as nginx does unless it is told otherwise. */
async function startProxy(port) {
  const server = createServer((request, response) => {
    const {host, ...headers} = request.headers;
    request.pipe(ask({host: '127.0.0.1', port, path: request.url, method: request.method, headers}, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }));
  });
  return {server, port: await listen(server)};
}

for (const {options, status} of [{options: [], status: 403}, {options: ['--allowed-hosts', 'photos.example'], status: 202}]) {
  test(`behind a proxy that changes Host our own page gets a ${status} with ${options.join(' ') || 'no setting'}`, async () => {
    const service = await startService(options);
    const proxy = await startProxy(service.port);
    const page = await open(`http://photos.example:${proxy.port}/`);
    assert.equal(await page.title(), 'Thumbmill');
    assert.equal(await fetched(page, '/upload', {method: 'POST', form: [...png(8, 8)]}), status);
    assert.equal(await fetched(page, '/v1/images'), 200);
    await page.close();
    proxy.server.close();
    proxy.server.closeAllConnections();
    await service.end();
  });
}

test('the operations port answers to addresses and to no page', async () => {
  const server = await startServer();
  const metrics = await fetch(server.admin + '/metrics');
  assert.equal(metrics.status, 200);
  assert.equal(metrics.headers.get('x-content-type-options'), 'nosniff');
  const rebound = await (await context.newPage()).goto(`http://rebound.example:${new URL(server.admin).port}/metrics`);
  assert.equal(rebound.status(), 421);
  const page = await open(`http://evil.example:${site.port}/`);
  assert.equal(await fetched(page, `${server.admin}/metrics`), 'failed');
  assert.equal(await loads(page, 'script', `${server.admin}/metrics`), false);
  await server.stop();
  server.remove();
});
