// A real server in a directory of its own, a real browser, and pictures made on the spot.
import {execFileSync, spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {deflateSync} from 'node:zlib';
import {chromium} from 'playwright-core';

export async function startServer({store = mkdtempSync(join(tmpdir(), 'thumbmill-page-')), listen = '127.0.0.1:0', options = []} = {}) {
  const server = spawn(process.env.THUMBMILL_BIN,
    ['serve', '--store', store, '--listen', listen, '--admin-listen', '127.0.0.1:0', '--log-level', 'warning', ...options],
    {stdio: ['ignore', 'pipe', 'inherit']});
  const {url, admin} = await new Promise((resolve, reject) => {
    let text = '';
    server.stdout.on('data', (data) => {
      text += data;
      const found = /page\s+(http:\/\/\S+)\/\n[^]*metrics\s+(http:\/\/\S+)\/metrics\n/.exec(text);
      if (found) resolve({url: found[1], admin: found[2]});
    });
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const stop = (signal = 'SIGTERM') => new Promise((resolve) => {
    server.removeAllListeners('exit');
    server.on('exit', resolve);
    server.kill(signal);
  });
  return {url, admin, store, stop, remove: () => rmSync(store, {recursive: true, force: true})};
}

/** Makes an API key in that keys file, and returns it. */
export function newKey(keys, name, scope) {
  return execFileSync(process.env.THUMBMILL_BIN, ['keys', 'new', name, '--scope', scope, '--api-keys-file', keys],
    {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}).trim();
}

export function startBrowser(options = []) {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', ...options],
  });
}

const crcTable = Array.from({length: 256}, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE((crc ^ 0xffffffff) >>> 0, body.length + 4);
  return out;
}

/** A PNG in one colour. */
export function png(width, height, [red, green, blue] = [200, 80, 40]) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.from(Array.from({length: width}, () => [red, green, blue]).flat())]);
  const pixels = deflateSync(Buffer.concat(Array.from({length: height}, () => row)));
  return Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', header),
    chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

export function file(name, buffer = png(640, 480)) {
  return {name, mimeType: 'application/octet-stream', buffer};
}

/** A file that announces itself as a PNG and is none: accepted, then failed. */
export const brokenPng = Buffer.concat([png(8, 8).subarray(0, 20), Buffer.from('nothing of use')]);
