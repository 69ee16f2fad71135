// The doctor tells what holds from what does not: on this machine, whatever it has, and of versions and modes it is given.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { judgeIsolatedVm, judgeNode } from '../../src/doctor/check-engine.ts';
import { judgeModes } from '../../src/doctor/check-files.ts';
import { type DoctorReport, examine } from '../../src/doctor/examine.ts';
import type { DoctorCheck } from '../../src/doctor/finding.ts';
import { findOwnProcesses } from '../helpers/runtime.ts';

let folder: string;
let report: DoctorReport;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloister-doctor-test-'));
  const [lock, ledger] = [join(folder, 'lock.json'), join(folder, 'ledger.ndjson')];
  await writeFile(lock, '{}');
  await chmod(lock, 0o666);
  await writeFile(ledger, '', { mode: 0o600 });
  report = await examine({ extensions: [], lock, ledger: { file: ledger }, wards: { hardening: { user: 'off' }, spareCells: 0 } });
});
after(() => rm(folder, { recursive: true }));

const inArea = (area: DoctorCheck['area']): readonly DoctorCheck[] => report.checks.filter((check) => check.area === area);
const stateOf = (name: string): string | undefined => report.checks.find((check) => check.name.startsWith(name))?.state;
const said = (area: DoctorCheck['area']): string => JSON.stringify(inArea(area), null, 1);

describe('on this machine', () => {
  test('no measure that is there can be broken out of', () => {
    assert.equal(inArea('measures').length, 7, said('measures'));
    for (const { state, cause } of inArea('measures')) assert.notEqual(state, 'fails', cause);
    assert.equal(stateOf('permission'), 'holds', said('measures'));
  });
  test('what is refused was tried, and names its error', () => {
    for (const { name, state, cause } of inArea('measures').slice(0, -1)) if (state === 'holds') assert.match(cause, /\w+ \(\w+\)/, name);
  });
  test('a measure that was switched off is not called held', () => assert.equal(stateOf('user'), 'missing'));
  test('loops, hunger and catastrophes are ended, and others served on', () =>
    assert.deepEqual(
      inArea('endings').map(({ state }) => state),
      ['holds', 'holds', 'holds', 'holds'],
      said('endings'),
    ));
  test('its engine may run hostile code', () =>
    assert.deepEqual(
      inArea('engine').map(({ state }) => state),
      ['holds', 'holds', 'holds'],
      said('engine'),
    ));
  test('a lock that others may write fails, and only that', () => {
    assert.deepEqual(
      report.checks.filter(({ state }) => state === 'fails').map(({ name }) => name),
      ['lock'],
    );
    assert.equal(stateOf('ledger'), 'holds');
    assert.equal(report.ok, false);
  });
  test('nothing of it is left', () => assert.deepEqual(findOwnProcesses(), []));
});

const nodes: readonly (readonly [version: string, today: string, state: DoctorCheck['state']])[] = [
  ['24.21.0', '2026-11-26', 'holds'],
  ['24.21.0', '2028-04-30', 'holds'],
  ['24.21.0', '2028-05-01', 'fails'],
  ['22.20.0', '2026-11-26', 'fails'],
  ['25.0.0', '2026-11-26', 'fails'],
  ['26.10.0', '2026-11-26', 'holds'],
  ['30.0.0', '2026-11-26', 'missing'],
  ['', '2026-11-26', 'fails'],
];
describe('versions', () => {
  for (const [version, today, state] of nodes)
    test(`Node ${version} on ${today}: ${state}`, () => assert.equal(judgeNode('Node', version, today).state, state));
  for (const [version, state] of [
    ['7.0.1', 'holds'],
    ['7.1.0', 'holds'],
    ['8.0.0', 'holds'],
    ['7.0.0', 'fails'],
    ['6.2.0', 'fails'],
  ] as const)
    test(`isolated-vm ${version}: ${state}`, () => assert.equal(judgeIsolatedVm(version).state, state));
});

const modes: readonly (readonly [name: string, secret: boolean, mode: number, folder: number, state: DoctorCheck['state']])[] = [
  ['its owner’s alone', true, 0o600, 0o755, 'holds'],
  ['a secret that the group reads', true, 0o640, 0o755, 'holds'],
  ['a secret that everybody reads', true, 0o644, 0o755, 'fails'],
  ['no secret, read by everybody', false, 0o644, 0o755, 'holds'],
  ['written by the group', false, 0o664, 0o755, 'fails'],
  ['in a folder that others write', false, 0o644, 0o777, 'fails'],
  ['in a sticky folder', false, 0o644, 0o1777, 'holds'],
];
describe('modes', () => {
  for (const [name, secret, mode, folderMode, state] of modes)
    test(`${name}: ${state}`, () => assert.equal(judgeModes({ name: 'file', path: '/some/file', secret }, mode, folderMode).state, state));
});
