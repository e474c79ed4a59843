// Calls of the HTTP API (docs/api.md), and telling the rest of the page whether the server is there.
import {askForKey, keyHeaders} from './key.js';

/** An answer that is a problem document (RFC 9457), or no answer at all. */
export class Problem extends Error {
  constructor(status, document) {
    super(document?.detail || document?.title || `The server answered ${status}`);
    this.status = status;
    this.title = document?.title || 'Failed';
  }
}

const listeners = new Set();
let reachable = true;

/** Calls `listener(reachable)` whenever the server goes away or comes back. */
export function onReachable(listener) { listeners.add(listener); }

export function setReachable(now) {
  if (now === reachable) return;
  reachable = now;
  for (const listener of listeners) listener(now);
}

/** The JSON of an answer, null for an empty one. Throws a Problem. */
export async function call(method, path) {
  let response;
  try {
    response = await fetch(path, {method, headers: {accept: 'application/json', ...keyHeaders()}});
  } catch {
    setReachable(false);
    throw new Problem(0, {title: 'Not reachable', detail: 'The server cannot be reached.'});
  }
  setReachable(true);
  if (response.status === 401) askForKey();
  const text = await response.text();
  let body = null;
  try { body = text ? JSON.parse(text) : null; } catch { body = null; }
  if (!response.ok) throw new Problem(response.status, body);
  return body;
}

/**
 * Sends one file; `onProgress(fraction)` while it goes. `key` is the same for each try of one file, so that it is not
 * stored twice. Resolves to the receipt, rejects with a Problem.
 * Returns {promise, cancel}.
 */
export function send(file, options, key, onProgress) {
  const request = new XMLHttpRequest();
  const promise = new Promise((resolve, reject) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(options)) if (value) form.append(name, value);
    form.append('file', file, file.name || 'pasted');
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    });
    request.addEventListener('load', () => {
      setReachable(true);
      if (request.status === 401) askForKey();
      let body = null;
      try { body = JSON.parse(request.responseText); } catch { body = null; }
      if (request.status >= 200 && request.status < 300 && body?.id) resolve(body);
      else reject(new Problem(request.status, body?.problem || body));
    });
    request.addEventListener('error', () => {
      setReachable(false);
      reject(new Problem(0, {title: 'Not sent', detail: 'The connection to the server broke.'}));
    });
    request.addEventListener('abort', () => reject(new Problem(0, {title: 'Cancelled', detail: 'Cancelled.'})));
    request.open('POST', '/v1/images');
    request.setRequestHeader('Idempotency-Key', key);
    for (const [name, value] of Object.entries(keyHeaders())) request.setRequestHeader(name, value);
    request.send(form);
  });
  return {promise, cancel: () => request.abort()};
}
