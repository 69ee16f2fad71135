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
test('nor is one whose own was sent, while others keep something waiting', () => {
  const { ended, backlog } = open();
  backlog.isOver('early', 95, 0);
  backlog.isOver('flood', 60, 95);
  // All of the first has left by now; of the second half.
  assert.equal(backlog.isOver('early', 5, 30), false);
  assert.equal(backlog.isOver('flood', 90, 35), false);
  assert.equal(backlog.isOver('early', 1, 125), false);
  assert.deepEqual(ended, ['flood']);
});
test('one after another they cannot make more and more wait: over twice the most, who has more than a little there is ended', () => {
  const { ended, backlog } = open();
  let waiting = 0;
  const post = (cell: string, bytes: number): boolean => {
    const isOver = backlog.isOver(cell, bytes, waiting);
    if (!isOver) waiting += bytes;
    return isOver;
  };
  for (const cell of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) for (let posts = 0; posts < 20 && !post(cell, 10); posts += 1);
  assert.ok(waiting <= 2 * 100 + 8 * 20, String(waiting));
  assert.equal(post('by', 1), false);
  assert.deepEqual(ended, []);
});
test('what drained is forgotten, however long something waits', () => {
  const { backlog, ended } = open();
  for (let posts = 0; posts < 10_000; posts += 1) assert.equal(backlog.isOver('steady', 50, 50), false);
  assert.equal(backlog.isOver('flood', 120, 60), false);
  assert.equal(backlog.isOver('steady', 1, 120), false);
  assert.deepEqual(ended, ['flood']);
});
