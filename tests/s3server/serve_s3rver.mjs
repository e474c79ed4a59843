// s3rver on a free port, keeping its objects in a directory that goes with it: see run. Changes are made one at a
// time, for a removal takes the directory from under another object's put, and s3rver dies of that.
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import S3rver from 's3rver';

const directory = mkdtempSync(join(tmpdir(), 'thumbmill-s3rver-'));
process.on('exit', () => rmSync(directory, {recursive: true, force: true}));
const server = new S3rver({
  address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{name: 'thumbmill-test', configs: []}],
});
let last = Promise.resolve();
server.middleware.unshift((ctx, next) => {
  if (ctx.method === 'GET' || ctx.method === 'HEAD') return next();
  const turn = last.then(next);
  last = turn.catch(() => {});
  return turn;
});
const {port} = await server.run();
console.log(`port ${port}`);
process.stdin.on('end', () => process.exit(0)).resume();
