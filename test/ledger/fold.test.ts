// The invariant: what is repeated costs the ledger a handful of entries, however often; the first is there at once and the counts add up. Must never need a clock.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CloisterError } from '../../src/errors.ts';
import { ledgerBounds } from '../../src/ledger/bounds.ts';
import type { Ledger, LedgerRecord } from '../../src/ledger/entry.ts';
import { makeFold } from '../../src/ledger/fold.ts';
import { makeForgivingLedger } from '../../src/ledger/forgiving-ledger.ts';
import { openLifeLog } from '../../src/ledger/life-log.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { requestStart } from './records.ts';

interface Word {
  readonly word: string;
  readonly repeats?: number;
}

const open = () => {
  const written: Word[] = [];
  const fold = makeFold<Word>(
    (one) => void written.push(one),
    ({ word }) => word,
    () => ({ word: '(others)' }),
  );
  return { written, fold };
};
const counted = (words: readonly Word[]): number => words.reduce((sum, { repeats = 1 }) => sum + repeats, 0);

describe('what is repeated', () => {
  test('is written once at once, and its count at the end', () => {
    const { written, fold } = open();
    for (const word of ['a', 'b', 'a', 'a']) fold.add({ word });
    assert.deepEqual(written, [{ word: 'a' }, { word: 'b' }]);
    fold.flush();
    assert.deepEqual(written.slice(2), [{ word: 'a', repeats: 2 }]);
    fold.flush();
    assert.equal(written.length, 3);
  });
  test('a million times over costs less than ten entries, and none is lost count of', () => {
    const { written, fold } = open();
    for (let index = 0; index < 1_000_000; index += 1) fold.add({ word: 'a' });
    fold.flush();
    assert.ok(written.length < 10, `${written.length} entries`);
    assert.equal(counted(written), 1_000_000);
  });
  test('under ever new names is counted together', () => {
    const { written, fold } = open();
    for (let index = 0; index < 100_000; index += 1) fold.add({ word: `w${index}` });
    fold.flush();
    const most = ledgerBounds.foldedKinds.value;
    assert.ok(written.length < most + 10, `${written.length} entries`);
    assert.equal(counted(written), 100_000);
    assert.equal(written.filter(({ word }) => word === '(others)').length > 0, true);
  });
  test('is not known where its first entry could not be written', () => {
    let fails = true;
    const written: Word[] = [];
    const fold = makeFold<Word>(
      (one) => {
        if (fails) throw new Error('full');
        written.push(one);
      },
      ({ word }) => word,
      (one) => one,
    );
    assert.throws(() => fold.add({ word: 'a' }), /full/);
    fails = false;
    fold.add({ word: 'a' });
    assert.deepEqual(written, [{ word: 'a' }]);
  });
});

const unexpected = (): never => assert.fail('the ledger failed');
const openRing = (): Promise<Ledger> => openLedger({ file: null, ringSize: 10_000 });

describe('a life entry', () => {
  test('has the version and script that its extension’s id stands for', async () => {
    const ledger = await openRing();
    const lives = openLifeLog(ledger, unexpected);
    lives.record('cell.boot', 'x', 't', 'cell 1', '');
    lives.know({ id: 'x', version: '2.0.0', artifact: 'a2' });
    lives.introduce({ id: 'x', version: '3.0.0', artifact: 'a3' });
    lives.record('cell.boot', 'x', 't', 'cell 2', '');
    lives.record('cell.boot', { id: 'x', version: '4.0.0', artifact: 'a4' }, 't', 'cell 3', '');
    lives.close();
    assert.deepEqual(
      ledger.recent().map(({ version, artifact, request }) => [version, artifact, request]),
      [
        ['', '', ''],
        ['2.0.0', 'a2', ''],
        ['4.0.0', 'a4', ''],
      ],
    );
  });
  test('that a guest can repeat is folded, one of the host’s own is not', async () => {
    const ledger = await openRing();
    const lives = openLifeLog(ledger, unexpected);
    for (let index = 0; index < 5_000; index += 1) lives.record('call.stray', 'x', 't', 'log.write', 'its request has ended');
    for (let index = 0; index < 50; index += 1) lives.record('cell.boot', 'x', 't', 'cell 1', '');
    lives.close();
    const all = ledger.recent();
    const strays = all.filter((one) => one.kind === 'life' && one.event === 'call.stray');
    assert.ok(strays.length < 10);
    assert.equal(
      strays.reduce((sum, one) => sum + (('repeats' in one ? one.repeats : undefined) ?? 1), 0),
      5_000,
    );
    assert.equal(all.length - strays.length, 50);
  });
});

describe('a ledger that may go on without a record', () => {
  const openFailing = async () => {
    const ledger = await openRing();
    let fails = false;
    const failing: Ledger = {
      ...ledger,
      append(record: LedgerRecord) {
        if (fails) throw new CloisterError('ERR_LEDGER_UNAVAILABLE', 'full');
        ledger.append(record);
      },
    };
    const lost: unknown[] = [];
    return { ledger, lost, forgiving: makeForgivingLedger(failing, (error) => lost.push(error)), fail: (now: boolean) => (fails = now) };
  };
  test('does not fail who appends, and tells who watches', async () => {
    const { forgiving, lost, fail } = await openFailing();
    fail(true);
    forgiving.append(requestStart());
    assert.equal(lost.length, 1);
  });
  test('says in the chain how much is missing, before the first entry that can be kept again', async () => {
    const { ledger, forgiving, fail } = await openFailing();
    forgiving.append(requestStart());
    fail(true);
    for (let index = 0; index < 3; index += 1) forgiving.append(requestStart());
    fail(false);
    forgiving.append(requestStart());
    forgiving.append(requestStart());
    assert.deepEqual(
      ledger.recent().map((one) => (one.kind === 'life' ? [one.event, one.subject] : one.kind)),
      ['request.start', ['ledger.gap', '3'], 'request.start', 'request.start'],
    );
  });
  test('forgives the ledger alone', async () => {
    const ledger = await openRing();
    const broken: Ledger = {
      ...ledger,
      append: () => {
        throw new TypeError('a fault of ours');
      },
    };
    assert.throws(() => makeForgivingLedger(broken, unexpected).append(requestStart()), TypeError);
  });
});
