// A request without a number is answered in one piece, and a ward in an attacker's hands may ask for any: the host keeps no more of a body than may be answered. Must never ask anything but its own server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openUpstream } from '../../../test/helpers/upstream.ts';
import type { Caller } from '../../bridge/capability.ts';
import { fetchCapability } from './host.ts';
import { makeFetchResources } from './resource.ts';

const piece = Buffer.alloc(65_536, 'x');
const pieces = 2_000;

test('a body over resultBytes is given up as it comes', async () => {
  let sent = 0;
  const upstream = await openUpstream(({ url }, response) => {
    if (url === '/small') return response.end('x'.repeat(200_000));
    const more = (): void => {
      while (sent < pieces && !response.destroyed) {
        sent += 1;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    return more();
  });
  const resources = { ...makeFetchResources({ internalOrigins: [upstream.origin], dnsServers: [] }, new Map()), resultBytes: 200_000 };
  const grant = { origins: { [upstream.origin]: true as const }, maxResponseBytes: 200_000_000 };
  const instance = await fetchCapability.open({ id: 'x', version: '1.0.0' }, [grant], resources);
  const caller = { extension: 'x', tenant: 't', signal: new AbortController().signal } as Caller;
  const ask = (path: string) =>
    instance.call('request', { url: `${upstream.origin}${path}`, method: 'GET', headers: [], redirect: 'follow' }, caller);
  try {
    assert.ok((await ask('/small')).json.includes('x'.repeat(200_000)));
    await assert.rejects(async () => await ask('/endless'), { code: 'ERR_CALL_FAILED', details: { limit: 'resultBytes' } });
    assert.ok(sent < pieces, 'all of it was taken');
  } finally {
    await instance.close();
    await upstream.close();
  }
});
