// The gallery of finished images, newest first, and the dialog with before and after.
import {announce, byId, element, formatBytes, formatTime} from './dom.js';
import {call} from './api.js';
import {originals} from './upload.js';

const kExpiryMargin = 30_000;  // milliseconds

const cards = new Map();
let cursor = null;
let open = null;  // the image in the dialog
let originalUrl = null;

function updateEmpty() { byId('empty').hidden = cards.size > 0; }

function elapsed(image) { return new Date(image.finished) - new Date(image.created); }

// Where URLs are signed they expire, and a page may be open for longer.
function hasExpired({url}) {
  const expires = new URL(url, location.href).searchParams.get('expires');
  return expires !== null && Number(expires) * 1000 < Date.now() + kExpiryMargin;
}

async function withFreshUrls(image) {
  if (!image.renditions.some(hasExpired)) return image;
  return call('GET', `/v1/images/${image.id}`).catch(() => image);
}

/** Puts a finished image into the gallery: at the front when it is new, else at the end. */
export function showImage(image, atEnd = false) {
  if (image.status !== 'done' || image.renditions.length === 0) return;
  const thumb = image.renditions[0];
  const picture = element('span', {className: 'picture'},
    element('img', {src: thumb.url, loading: 'lazy', alt: `Thumbnail of ${image.name || 'an image'}`,
      onerror: ({target}) => loadAgain(target, image)}));
  picture.style.backgroundColor = thumb.color;
  const caption = element('span', {className: 'caption'},
    element('strong', {textContent: image.name || 'unnamed', title: image.name}),
    `${thumb.width} × ${thumb.height}, ${formatBytes(image.source.bytes)} → ${formatBytes(thumb.bytes)}, `
      + formatTime(elapsed(image)));
  const button = element('button', {type: 'button', onclick: () => view(image)}, picture, caption);
  const card = element('li', {className: 'card'}, button);
  const old = cards.get(image.id);
  cards.set(image.id, card);
  if (old) old.replaceWith(card);
  else if (atEnd) byId('cards').append(card);
  else byId('cards').prepend(card);
  updateEmpty();
}

async function loadAgain(picture, image) {
  picture.onerror = null;
  const fresh = await withFreshUrls(image);
  if (fresh !== image) picture.src = fresh.renditions[0].url;
}

export function removeImage(id) {
  cards.get(id)?.remove();
  cards.delete(id);
  updateEmpty();
}

/** The next page of what was made before. */
export async function loadMore() {
  const page = await call('GET', `/v1/images?limit=24${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
  for (const image of page.images) if (!cards.has(image.id)) showImage(image, true);
  cursor = page.next;
  byId('more').hidden = !cursor;
  updateEmpty();
}

/** What was made while the server could not be reached. */
export async function loadNewest() {
  const page = await call('GET', '/v1/images?limit=24');
  for (const image of page.images.reverse()) if (!cards.has(image.id)) showImage(image);
}

function fact(name, value) {
  return [element('dt', {textContent: name}), element('dd', {textContent: value})];
}

async function view(shown) {
  const image = await withFreshUrls(shown);
  open = image;
  const thumb = image.renditions[0];
  byId('viewer-title').textContent = image.name || 'unnamed';
  byId('compare-after').src = thumb.url;
  const original = originals.get(image.id);
  const before = byId('compare-before');
  const control = byId('compare-control');
  // Not every browser shows every format, HEIC and TIFF least of all.
  const showBefore = (visible) => {
    before.hidden = !visible;
    control.hidden = !visible;
    slide(visible ? 50 : 0);
  };
  showBefore(false);
  if (original) {
    originalUrl = URL.createObjectURL(original);
    before.onload = () => showBefore(true);
    before.onerror = () => showBefore(false);
    before.src = originalUrl;
  }
  const {source} = image;
  byId('facts').replaceChildren(
    ...fact('Original', `${source.width} × ${source.height}, ${source.format}, ${formatBytes(source.bytes)}`),
    ...image.renditions.flatMap((r) => fact(r.name, `${r.width} × ${r.height}, ${r.format}, ${formatBytes(r.bytes)}`)),
    ...fact('Time', formatTime(elapsed(image))),
    ...fact('Id', image.id));
  const download = byId('viewer-download');
  download.href = thumb.url;
  download.download = `${(image.name || 'image').replace(/\.[^.]*$/, '')}-${thumb.name}.${thumb.format === 'jpeg' ? 'jpg' : thumb.format}`;
  byId('viewer').showModal();
}

function slide(percent) {
  byId('compare-slider').value = percent;
  byId('compare-after').style.clipPath = `inset(0 0 0 ${percent}%)`;
}

async function removeOpen() {
  const {id, name} = open;
  try {
    await call('DELETE', `/v1/images/${id}`);
    announce(`${name} was deleted.`);
  } catch (problem) {
    if (problem.status !== 404) {
      announce(`${name} was not deleted. ${problem.message}`);
      return;
    }
  }
  removeImage(id);
  byId('viewer').close();
}

export function setUpViewer() {
  const viewer = byId('viewer');
  byId('viewer-close').onclick = () => viewer.close();
  byId('viewer-delete').onclick = removeOpen;
  byId('viewer-copy').onclick = async () => {
    const link = new URL(open.renditions[0].url, location.href).href;
    try {
      await navigator.clipboard.writeText(link);
      announce('The link was copied.');
    } catch {
      announce(`The link is ${link}`);
    }
  };
  byId('compare-slider').oninput = (event) => slide(event.target.value);
  viewer.addEventListener('close', () => {
    byId('compare-before').removeAttribute('src');
    if (originalUrl) URL.revokeObjectURL(originalUrl);
    originalUrl = null;
  });
}
