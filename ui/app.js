// Puts the page together: where files come from, and what the server says about them.
import {announce, byId} from './dom.js';
import {call, onReachable, setReachable} from './api.js';
import {addFiles, showState, whenAccepted} from './upload.js';
import {loadMore, loadNewest, removeImage, setUpViewer, showImage} from './gallery.js';
import {refreshDead, setUpDead} from './dead.js';
import {follow} from './events.js';
import {setUpKey} from './key.js';

const kQueueInterval = 3000;
const kRetryInterval = 2000;
const kTerminal = new Set(['done', 'failed']);

// Jobs of this page that have not ended: what to ask about when the event stream was away.
const pending = new Set();
let lastEventId = '';

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

function onState({id, data}) {
  if (id) lastEventId = id;
  const event = JSON.parse(data);
  if (event.status === 'deleted') {
    pending.delete(event.id);
    removeImage(event.id);
  } else if (kTerminal.has(event.status)) {
    refresh(event.id);
  } else {
    showState({id: event.id, status: event.status});
  }
}

const refreshPending = () => { for (const id of pending) refresh(id); };

async function listen() {
  for (;;) {
    try {
      await follow('/v1/events', lastEventId, {
        onEvent: onState,
        onOpen: () => {
          setReachable(true);
          refreshPending();  // what ended while nobody listened
        },
      });
    } catch (problem) {
      if (problem.status === 401) return;  // with a key the page is loaded anew
      if (problem.status === 403) {  // not with this key: then only about our own, one by one
        setInterval(refreshPending, kRetryInterval);
        return;
      }
    }
    refreshPending();
    await new Promise((resolve) => { setTimeout(resolve, kRetryInterval); });
  }
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
setUpKey();
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
