// Makes a startup image of a guest bundle in a process of its own and hands it over on descriptor 3. Runs trusted code only.
import { readFileSync, writeSync } from 'node:fs';
import { makeImage } from './engine.ts';

const [bundleFile] = process.argv.slice(2);
if (bundleFile === undefined) throw new Error('usage: image.js BUNDLE');
const image = makeImage(readFileSync(bundleFile, 'utf8'), '__cloisterWarmUp()');
for (let at = 0; at < image.length; ) at += writeSync(3, image, at);
process.kill(process.pid, 'SIGKILL');
