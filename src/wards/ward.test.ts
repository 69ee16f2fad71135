// What becomes of a ward whose last cell ended by itself, and whom it blames for its memory. Must never need a process: what a ward says is told by hand.
import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { type CellEnd, cellEnds, toHost } from '../../sandbox/protocol/kinds.ts';
import { type CellPeer, type LeasePeer, Ward } from './ward.ts';
import type { WardEvents, WardProcess } from './ward-process.ts';

const open = (alone: boolean) => {
  const killed: string[] = [];
  let events: WardEvents | null = null;
  const process = {
    listen: (listener: WardEvents) => {
      events = listener;
    },
    write: () => undefined,
    kill: (reason: string) => {
      killed.push(reason);
      events?.onExit(reason, false);
    },
  };
  const ward = new Ward(process as unknown as WardProcess, { inspect: false } as never, () => undefined);
  ward.give('acme', alone);
  const say = (kind: number, id: number, a: number, b: number): void => events?.onFrame({ kind, id, a, b, text: '', raw: null });
  const lose = (): void => events?.onExit('its spawner is gone', true);
  return { ward, killed, say, lose, end: (cell: number, how: CellEnd) => say(toHost.ended, cell, 0, cellEnds.indexOf(how)) };
};

const peer = (more: Partial<CellPeer> = {}): CellPeer =>
  ({
    wardRssMb: 512,
    idleSince: null,
    retire: () => undefined,
    onEnded: () => undefined,
    onWardExit: () => undefined,
    ...more,
  }) as CellPeer;

describe('a ward whose last cell ended by itself', () => {
  test('goes with it, where it held a suspect', () => {
    const { ward, killed, end } = open(true);
    ward.place(7, peer());
    end(7, 'memory');
    assert.equal(killed.length, 1);
  });

  test('goes with it, where it takes no new cells', () => {
    const { ward, killed, end } = open(false);
    ward.place(7, peer());
    ward.retire('it is old');
    assert.equal(killed.length, 0);
    end(7, 'memory');
    assert.deepEqual(killed, ['it is old']);
  });

  test('waits a minute for another, and then goes', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { ward, killed, end } = open(false);
      ward.place(7, peer());
      end(7, 'memory');
      assert.equal(killed.length, 0);
      mock.timers.tick(60_000);
      assert.deepEqual(killed, ['idle']);
    } finally {
      mock.timers.reset();
    }
  });

  test('goes on where its owner places another at once', () => {
    const { ward, killed, end } = open(true);
    ward.place(7, peer({ onEnded: () => ward.place(8, peer()) }));
    end(7, 'memory');
    assert.deepEqual([killed.length, ward.cells.size], [0, 1]);
  });
});

/** What it blames where one cell is busy. */
const exit = (cells: number, blameless = false): readonly number[] => {
  const { ward, say, lose } = open(false);
  const blamed: number[] = [];
  for (let cell = 1; cell <= cells; cell += 1) ward.place(cell, peer({ onWardExit: (_reason, guilty) => blamed.push(guilty) }));
  ward.leases.set(20, { cell: cells } as LeasePeer);
  say(toHost.busy, cells, 20, 0);
  ward.overRssMb = blameless ? 0 : 600;
  if (blameless) lose();
  else ward.process.kill('it is over');
  return blamed;
};

describe('the memory of a ward', () => {
  test('is nobody’s for certain where an idle cell beside the busy one may hold it', () => assert.deepEqual(exit(2), [0, 0]));
  test('is that of the only cell there is', () => assert.deepEqual(exit(1), [1]));
});

test('a ward that was lost with its spawner was brought down by none of its cells, whoever ran', () => {
  assert.deepEqual(exit(2, true), [-1, -1]);
  assert.deepEqual(exit(1, true), [-1]);
});
