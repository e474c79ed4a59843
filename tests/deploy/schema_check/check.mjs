// Checks Kubernetes objects against their schemas. On standard input: a JSON array of objects; on standard output: a JSON
// array of what is wrong, each "Kind name: /path: why".
import {readFileSync} from 'node:fs';

// What is not in these comes from Kubernetes itself.
const PACKAGES = {
  'keda.sh': '@kubernetes-models/keda/',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator/',
};

async function schemaOf({apiVersion, kind}) {
  const own = PACKAGES[String(apiVersion).split('/')[0]];
  // The package keeps what Kubernetes has ceased to serve: betas, and no others.
  if (!own && /beta/.test(apiVersion)) return null;
  try {
    const Model = (await import(`${own ?? 'kubernetes-models/'}${apiVersion}/${kind}`))[kind];
    return Model.apiVersion === apiVersion && Model.kind === kind ? Model.prototype.validate : null;
  } catch (error) {
    if (['ERR_PACKAGE_PATH_NOT_EXPORTED', 'ERR_MODULE_NOT_FOUND'].includes(error.code)) return null;
    throw error;
  }
}

// The schemas let fields pass that they do not know, but never read them: `read` notes which fields of which object were.
function watched(value, read) {
  if (value === null || typeof value !== 'object') return value;
  if (!read.has(value)) read.set(value, new Set());
  return new Proxy(value, {
    get(target, name) {
      read.get(target).add(name);
      return watched(target[name], read);
    },
  });
}

function* unread(value, read, path = '') {
  for (const [name, field] of Object.entries(value)) {
    if (!read.get(value)?.has(name)) yield `${path}/${name}`;
    else if (field !== null && typeof field === 'object') yield* unread(field, read, `${path}/${name}`);
  }
}

async function* mistakes(object) {
  const validate = await schemaOf(object);
  if (!validate) return yield `/: there is no kind ${object.kind} in ${object.apiVersion}`;
  const read = new Map();
  try {
    validate.call(watched(object, read));
  } catch (error) {
    if (!error.errors) throw error;
    for (const {instancePath, message} of error.errors) yield `${instancePath || '/'}: ${message}`;
  }
  for (const path of unread(object, read)) yield `${path}: there is no such field`;
}

const wrong = [];
for (const object of JSON.parse(readFileSync(0))) {
  for await (const what of mistakes(object)) wrong.push(`${object.kind} ${object.metadata?.name}: ${what}`);
}
process.stdout.write(JSON.stringify(wrong));
