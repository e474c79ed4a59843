// The API key, where the server asks for one: kept for this tab only, and asked for when it is missing.
import {byId} from './dom.js';

const kName = 'thumbmill-key';

/** The fields that a request needs for the key; none without one. */
export function keyHeaders() {
  const key = sessionStorage.getItem(kName);
  return key ? {authorization: `Bearer ${key}`} : {};
}

/** The server has answered 401: asks for a key, once, and loads the page anew with it. */
export function askForKey() {
  const dialog = byId('key-dialog');
  if (dialog.open) return;
  byId('key-wrong').hidden = !sessionStorage.getItem(kName);
  dialog.showModal();
}

export function setUpKey() {
  byId('key-form').addEventListener('submit', (event) => {
    event.preventDefault();
    const key = byId('key').value.trim();
    if (!key) return;
    sessionStorage.setItem(kName, key);
    location.reload();
  });
}
