// Who is ended when too much waits for the host.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backlog } from './backlog.ts';

const open = () => {
  const ended: string[] = [];
  return { ended, backlog: new Backlog<string>(100, (cell) => ended.push(cell)) };
};

test('one that posts little is not ended for what another posted', () => {
  const { ended, backlog } = open();
  assert.equal(backlog.isOver('flood', 500, 0), false);
  assert.equal(backlog.isOver('by', 1, 500), false);
  assert.deepEqual(ended, ['flood']);
});
test('nor while what that one posted drains', () => {
  const { ended, backlog } = open();
  backlog.isOver('flood', 500, 0);
  for (const waiting of [500, 450, 300, 150]) assert.equal(backlog.isOver('by', 1, waiting), false);
  assert.deepEqual(ended, ['flood']);
});
test('the one that floods is ended when it posts itself', () => {
  const { ended, backlog } = open();
  backlog.isOver('by', 1, 0);
  backlog.isOver('flood', 500, 1);
  assert.equal(backlog.isOver('flood', 1, 501), true);
  assert.deepEqual(ended, []);
});
test('a second flood is ended for what came after the first', () => {
  const { ended, backlog } = open();
  backlog.isOver('first', 500, 0);
  backlog.isOver('by', 1, 500);
  backlog.isOver('second', 300, 400);
  assert.equal(backlog.isOver('by', 1, 700), false);
  assert.deepEqual(ended, ['first', 'second']);
});
test('what was sent counts against nobody', () => {
  const { ended, backlog } = open();
  backlog.isOver('early', 90, 0);
  backlog.isOver('flood', 80, 0);
  assert.equal(backlog.isOver('early', 30, 110), false);
  assert.deepEqual(ended, ['flood']);
});
