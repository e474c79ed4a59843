// Puts the page together: where files come from, and what the server says about them.
import {announce, byId} from './dom.js';
import {call, onReachable, setReachable} from './api.js';
import {addFiles, showState, whenAccepted} from './upload.js';
import {loadMore, loadNewest, removeImage, setUpViewer, showImage} from './gallery.js';
import {refreshDead, setUpDead} from './dead.js';

const kQueueInterval = 3000;
const kRetryInterval = 2000;
const kTerminal = new Set(['done', 'failed']);

// Jobs of this page that have not ended: what to ask about when the event stream was away.
const pending = new Set();

async function refresh(id) {
  let image;
  try {
    image = await call('GET', `/v1/images/${id}`);
  } catch (problem) {
    if (problem.status === 404) pending.delete(id);
    return;
  }
  showState(image);
  if (!kTerminal.has(image.status)) return;
  const ours = pending.delete(id);
  if (image.status === 'done') {
    showImage(image);
    if (ours) announce(`The thumbnail of ${image.name} is ready.`);
  } else if (ours) {
    announce(`${image.name} failed. ${image.error?.detail || ''}`);
  }
  if (image.status === 'failed') refreshDead().catch(() => {});
}

function listen() {
  const events = new EventSource('/v1/events');
  events.addEventListener('state', (message) => {
    const event = JSON.parse(message.data);
    if (event.status === 'deleted') {
      pending.delete(event.id);
      removeImage(event.id);
    } else if (kTerminal.has(event.status)) {
      refresh(event.id);
    } else {
      showState({id: event.id, status: event.status});
    }
  });
  events.addEventListener('open', () => {
    setReachable(true);
    for (const id of pending) refresh(id);  // what ended while nobody listened
  });
  events.addEventListener('error', () => {
    // The browser connects again by itself unless the answer was no event stream.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, kRetryInterval);
    for (const id of pending) refresh(id);
  });
}

async function showQueue() {
  if (document.hidden) return;
  try {
    const queue = await call('GET', '/v1/queue');
    const parts = [`${queue.ready} waiting`, `${queue.running} running`];
    if (queue.delayed) parts.push(`${queue.delayed} delayed`);
    if (queue.backlog && queue.drain_seconds) parts.push(`about ${Math.ceil(queue.drain_seconds)} s left`);
    byId('queue').textContent = parts.join(' · ');
  } catch { /* the banner says it */ }
}

function setUpSources() {
  const picker = byId('picker');
  picker.addEventListener('change', () => {
    addFiles(picker.files);
    picker.value = '';
  });
  byId('options').addEventListener('submit', (event) => event.preventDefault());
  let depth = 0;
  const dragging = (now) => document.body.classList.toggle('dragging', now);
  addEventListener('dragenter', (event) => { event.preventDefault(); depth += 1; dragging(true); });
  addEventListener('dragleave', () => { depth -= 1; if (depth <= 0) dragging(false); });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('drop', (event) => {
    event.preventDefault();
    depth = 0;
    dragging(false);
    addFiles([...event.dataTransfer.files]);
  });
  addEventListener('paste', (event) => addFiles([...event.clipboardData.files]));
}

whenAccepted((id) => {
  pending.add(id);
  refresh(id);  // it may have ended before this page knew its id
});
onReachable((reachable) => {
  byId('offline').hidden = reachable;
  if (reachable) loadNewest().catch(() => {});
});
setUpSources();
setUpViewer();
setUpDead();
byId('more').onclick = () => loadMore().catch(() => {});
loadMore().catch(() => {});
refreshDead().catch(() => {});
listen();
showQueue();
setInterval(showQueue, kQueueInterval);
document.addEventListener('visibilitychange', showQueue);
