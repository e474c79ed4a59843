// Server-sent events by fetch: an EventSource cannot send a key, and a key in the URL would end in logs.
import {Problem} from './api.js';
import {askForKey, keyHeaders} from './key.js';

/**
 * Follows a stream until it ends. `onOpen()` when it has begun, `onEvent({id, event, data})` for each event, `id`
 * being empty where it has none. Throws a Problem when the answer is no stream, and others when it breaks.
 */
export async function follow(path, lastId, {onOpen, onEvent}) {
  const headers = {accept: 'text/event-stream', ...keyHeaders()};
  if (lastId) headers['last-event-id'] = lastId;
  const response = await fetch(path, {headers, cache: 'no-store'});
  if (response.status === 401) askForKey();
  if (!response.ok) throw new Problem(response.status, null);
  onOpen();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const blocks = (text + value).split('\n\n');
    text = blocks.pop();
    for (const block of blocks) dispatch(block, onEvent);
  }
}

function dispatch(block, onEvent) {
  const event = {id: '', event: 'message', data: ''};
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
  }
  if (event.data) onEvent(event);
}
