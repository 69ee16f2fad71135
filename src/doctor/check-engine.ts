// Node, V8 and isolated-vm: whether they are versions that hostile code may be run on today. Must never ask anybody on the network.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import type { Artefacts } from '../wards/artefacts.ts';
import { type DoctorCheck, fails, holds, missing } from './finding.ts';
import { nodeEndOfLife } from './node-releases.ts';

const leastMajor = 24;
const leastEngine = [7, 0, 1] as const;
const renew = 'install a line of Node that gets security updates (docs: nodejs.org/en/about/previous-releases)';

/** `today`: ISO 8601. */
export const judgeNode = (name: string, version: string, today: string): DoctorCheck => {
  const major = Number(version.split('.')[0]);
  const end = nodeEndOfLife.get(major);
  if (major < leastMajor || Number.isNaN(major)) return fails('engine', name, `Node ${version} is older than ${leastMajor}`, renew);
  if (major % 2 === 1) return fails('engine', name, `Node ${version} is of an odd line, which is not for production`, renew);
  if (end === undefined)
    return missing('engine', name, `Node ${version} is newer than what this Cloister knows of`, 'look for a newer Cloister');
  return today > end
    ? fails('engine', name, `Node ${version} got its last updates on ${end}`, renew)
    : holds('engine', name, `Node ${version}, mended until ${end}`);
};

export const judgeIsolatedVm = (version: string): DoctorCheck => {
  const parts = version.split('.').map(Number);
  const differs = leastEngine.map((least, index) => (parts[index] ?? 0) - least).find((difference) => difference !== 0) ?? 0;
  return differs >= 0
    ? holds('engine', 'isolated-vm', version)
    : fails('engine', 'isolated-vm', `${version} lets a guest escape (GHSA-864f-rcv7-6rh4)`, 'install 7.0.1 or later');
};

export const checkEngine = async ({ execPath, wardFile }: Artefacts, today: string): Promise<readonly DoctorCheck[]> => {
  const { stdout } = await promisify(execFile)(execPath, ['-p', 'process.versions.node + " " + process.versions.v8'], { env: {} });
  const [node = '', v8 = ''] = stdout.trim().split(' ');
  const engine = JSON.parse(readFileSync(createRequire(wardFile).resolve('isolated-vm/package.json'), 'utf8')) as {
    readonly version: string;
  };
  const ward = judgeNode("wards' Node", node, today);
  return [
    judgeNode("host's Node", process.versions.node, today),
    { ...ward, cause: `${ward.cause} (V8 ${v8}, ${execPath})` },
    judgeIsolatedVm(engine.version),
  ];
};
