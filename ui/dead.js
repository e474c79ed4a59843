// The dead letters: failed jobs whose originals are kept, to be tried again or purged.
import {announce, byId, element} from './dom.js';
import {call} from './api.js';

export async function refreshDead() {
  const page = await call('GET', '/v1/dead?limit=100');
  byId('dead').hidden = page.images.length === 0;
  byId('dead-count').textContent = page.next ? `${page.images.length}+` : page.images.length;
  byId('dead-list').replaceChildren(...page.images.map(letter));
}

function letter(image) {
  const name = image.name || 'unnamed';
  const act = (label, method, path) => element('button', {
    type: 'button', className: label === 'Purge' ? 'quiet' : '', textContent: label,
    attrs: {'aria-label': `${label} ${name}`}, onclick: () => perform(method, path, `${label}: ${name}`),
  });
  return element('li', {className: 'letter'},
    element('span', {}, element('strong', {textContent: name}), ' ',
      element('span', {className: 'problem', textContent: image.error?.detail || 'failed'}),
      element('span', {className: 'muted', textContent: ` (${image.error?.attempts ?? 0} tries)`})),
    element('span', {className: 'row'}, act('Retry', 'POST', `/v1/dead/${image.id}/retry`),
      act('Purge', 'DELETE', `/v1/dead/${image.id}`)));
}

async function perform(method, path, what) {
  try {
    await call(method, path);
    announce(`${what}: done.`);
  } catch (problem) {
    announce(`${what}: ${problem.message}`);
  }
  await refreshDead().catch(() => {});
}

export function setUpDead() {
  byId('dead-retry-all').onclick = () => perform('POST', '/v1/dead/retry', 'Retry all');
  byId('dead-purge-all').onclick = () => perform('DELETE', '/v1/dead', 'Purge all');
}
