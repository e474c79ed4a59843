// Measures sharp on one photo as kernel_times.cc measures the others: bytes in, encoded renditions out. One thread, no
// cache; each rendition from the file anew, upright, in sRGB.
//
// Usage: node times.mjs FILE SIZES COUNT OUTPUT
import { readFileSync, writeFileSync } from 'node:fs';
import sharp from 'sharp';

const [path, sizes, count, output] = process.argv.slice(2);
const data = readFileSync(path);
const sides = sizes.split(',').map(Number);
sharp.cache(false);
sharp.concurrency(1);

async function make() {
  const made = [];
  for (const side of sides) {
    const image = sharp(data).autoOrient();
    const { hasAlpha } = await image.metadata();
    image.resize(side, side, { fit: 'inside', withoutEnlargement: true });
    made.push(await (hasAlpha ? image.png() : image.jpeg({ quality: 80 })).toBuffer());
  }
  return made;
}

const made = await make();
sides.forEach((side, i) => writeFileSync(`${output}-${side}`, made[i]));
const times = { wall_ms: [], cpu_ms: [] };
for (let i = 0; i < Number(count); ++i) {
  const begin = performance.now();
  const cpuBegin = process.cpuUsage();
  await make();
  const { user, system } = process.cpuUsage(cpuBegin);
  times.wall_ms.push(Number((performance.now() - begin).toFixed(3)));
  times.cpu_ms.push((user + system) / 1000);
}
const { sharp: version, vips, heif, aom } = sharp.versions;
const libraries = { libvips: vips, ...(path.endsWith('.avif') ? { libheif: heif, aom } : {}) };
console.log(JSON.stringify({ ...times, version, libraries }));
