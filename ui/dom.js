// Small things every part of the page needs. Text always goes in as text: names come from strangers.

export const byId = (id) => document.getElementById(id);

/** An element with properties, attributes (by `attrs`) and children. */
export function element(tag, properties = {}, ...children) {
  const {attrs = {}, ...rest} = properties;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Says something to people who listen to the page. */
export function announce(text) { byId('announcer').textContent = text; }

export function formatBytes(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export function formatTime(milliseconds) {
  return milliseconds < 1000 ? `${Math.max(0, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
