// The list of uploads under way: a progress bar each, at most four at once, cancel and retry.
import {announce, byId, element, formatBytes} from './dom.js';
import {send} from './api.js';

const kAtOnce = 4;
const waiting = [];
let running = 0;

/** Files by job id, for before and after; the browser keeps them until the page goes. */
export const originals = new Map();

// Whoever wants to know which jobs to look out for.
let onAccepted = () => {};
export function whenAccepted(listener) { onAccepted = listener; }

// Upload rows by job id, until the job has ended.
const rows = new Map();

function options() {
  return Object.fromEntries(new FormData(byId('options')));
}

// The server knows a file by it that is sent again because the first answer was lost. Not by randomUUID(), which
// browsers keep from pages that came by plain HTTP.
function newUploadKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function addFiles(files) {
  for (const file of files) {
    const upload = {file, options: options(), key: newUploadKey(), row: makeRow(file)};
    byId('uploads').append(upload.row.root);
    waiting.push(upload);
  }
  startNext();
}

function makeRow(file) {
  const state = element('span', {className: 'muted', textContent: 'waiting'});
  const action = element('button', {type: 'button', className: 'quiet', textContent: 'Cancel'});
  const bar = element('progress', {max: 1, value: 0, attrs: {'aria-label': `Uploading ${file.name}`}});
  action.setAttribute('aria-label', `Cancel ${file.name}`);
  const name = element('span', {}, element('strong', {textContent: file.name || 'pasted image'}),
    ` ${formatBytes(file.size)} `, state);
  return {root: element('li', {className: 'upload'}, name, action, bar), state, action, bar};
}

function startNext() {
  while (running < kAtOnce && waiting.length > 0) start(waiting.shift());
}

async function start(upload) {
  const {row, file} = upload;
  running += 1;
  row.state.className = 'muted';
  row.state.textContent = 'sending';
  const {promise, cancel} = send(file, upload.options, upload.key, (fraction) => { row.bar.value = fraction; });
  row.action.onclick = cancel;
  try {
    const receipt = await promise;
    row.bar.removeAttribute('value');
    row.bar.setAttribute('aria-label', `Making the thumbnail of ${file.name}`);
    row.state.textContent = 'queued';
    row.action.hidden = true;
    originals.set(receipt.id, file);
    rows.set(receipt.id, row);
    onAccepted(receipt.id);
  } catch (problem) {
    showFailure(upload, problem);
  } finally {
    running -= 1;
    startNext();
  }
}

function showFailure(upload, problem) {
  const {row, file} = upload;
  row.state.className = 'problem';
  row.state.textContent = `${problem.title}: ${problem.message}`;
  row.bar.hidden = true;
  row.action.textContent = 'Retry';
  row.action.setAttribute('aria-label', `Retry ${file.name}`);
  row.action.onclick = () => {
    row.bar.hidden = false;
    row.bar.value = 0;
    row.action.textContent = 'Cancel';
    row.action.setAttribute('aria-label', `Cancel ${file.name}`);
    waiting.push(upload);
    startNext();
  };
  announce(`${file.name} was not uploaded. ${problem.message}`);
}

/** A job of this page has a new state. */
export function showState(image) {
  const row = rows.get(image.id);
  if (!row) return;
  if (image.status === 'done') {
    row.root.remove();
    rows.delete(image.id);
  } else if (image.status === 'failed') {
    row.state.className = 'problem';
    row.state.textContent = `failed: ${image.error?.detail || 'no reason given'}`;
    row.bar.hidden = true;
    row.action.hidden = false;
    row.action.textContent = 'Dismiss';
    row.action.setAttribute('aria-label', `Dismiss ${image.name}`);
    row.action.onclick = () => row.root.remove();
    rows.delete(image.id);
  } else {
    row.state.textContent = image.status;
  }
}
