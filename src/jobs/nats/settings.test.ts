// What an operator says of NATS. Must never see a password in an error.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloisterError } from '../../errors.ts';
import { makeNames } from './names.ts';
import { type NatsOption, parseNats } from './settings.ts';

const refused: readonly (readonly [sentence: string, option: NatsOption, pointer: string])[] = [
  ['no server', {}, '/jobs/nats'],
  ['another protocol', { servers: 'http://host:s3cret@nats' }, '/jobs/nats/servers'],
  ['what is no URL', { servers: ['nats://a', 's3cret'] }, '/jobs/nats/servers'],
  ['a path', { servers: 'nats://host:s3cret@nats/path' }, '/jobs/nats/servers'],
  ['two users', { servers: ['nats://one:s3cret@a', 'nats://two:s3cret@b'] }, '/jobs/nats/servers'],
  ['a user and credentials', { servers: 'nats://s3cret@a', credentials: '/etc/nats.creds' }, '/jobs/nats/credentials'],
  ['a broken escape', { servers: 'nats://one:s3cret%@a' }, '/jobs/nats/servers'],
  ['a certificate without its key', { servers: 'tls://a', certificate: '/etc/nats.pem' }, '/jobs/nats'],
];
for (const [sentence, option, pointer] of refused)
  test(`refuses ${sentence}, and shows no secret`, () => {
    assert.throws(
      () => parseNats(option),
      (error) =>
        error instanceof CloisterError &&
        error.code === 'ERR_OPTIONS_INVALID' &&
        error.details['pointer'] === pointer &&
        !JSON.stringify([error.message, error.details]).includes('s3cret'),
    );
  });

test('takes user and password, a token, TLS and several servers', () => {
  const { servers, login, tls } = parseNats({ servers: ['tls://one:s3%63ret@a', 'tls://b:4333'], ca: '/etc/ca.pem' });
  assert.deepEqual(
    [servers, login, tls],
    [['a:4222', 'b:4333'], { kind: 'password', user: 'one', password: 's3cret' }, { ca: '/etc/ca.pem', certificate: null, key: null }],
  );
  assert.deepEqual(parseNats({ servers: 'nats://t0ken@a' }).login, { kind: 'token', token: 't0ken' });
});

test('two ids never share a subject, and none can name another', () => {
  const { state } = makeNames('default');
  const ids = ['a', 'na', 'a.b', 'a b', '>', '*', '', 'ä', 'x'.repeat(200)];
  const subjects = ids.map(state);
  assert.equal(new Set(subjects).size, ids.length);
  for (const subject of subjects) assert.match(subject, /^cloister\.jobs\.default\.log\.state\.[A-Za-z0-9_-]+$/);
});
