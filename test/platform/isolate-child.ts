// A child process that boots isolates from a startup snapshot of the test bundle and passes messages. Must run under --no-node-snapshot.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type IsolatedVm from 'isolated-vm';
import { guestPartName } from '../../sandbox/build.ts';

const ivm = createRequire(import.meta.url)('isolated-vm') as typeof IsolatedVm;
const [bundle, partsFolder] = process.argv.slice(2);
if (bundle === undefined || partsFolder === undefined) throw new Error('usage: isolate-child.ts BUNDLE PARTS-FOLDER');

const snapshot = ivm.Isolate.createSnapshot([{ code: readFileSync(bundle, 'utf8'), filename: 'guest.js' }]);

interface Order {
  readonly kind: string;
  readonly id: number;
  readonly text: string;
  readonly base64: string | null;
}

const boot = async (): Promise<void> => {
  const isolate = new ivm.Isolate({ memoryLimit: 64, snapshot });
  const context = await isolate.createContext();
  const send = (json: unknown, body: unknown): void => {
    const message = JSON.parse(String(json)) as { kind: string; id: number; ms: number; repeat: boolean };
    if (message.kind === 'timer') {
      // The kernel forgets timers that were cleared; what rings for one of those does nothing.
      const ring = (): void => void deliver.apply(undefined, ['timer', message.id, '', null]);
      if (message.repeat) setInterval(ring, message.ms).unref();
      else setTimeout(ring, message.ms);
      return;
    }
    process.send?.({
      ...message,
      text: typeof body === 'string' ? body : null,
      base64: body instanceof ArrayBuffer || ArrayBuffer.isView(body) ? Buffer.from(body as ArrayBuffer).toString('base64') : null,
      ...('text' in message ? { text: message.text } : {}),
    });
  };
  const post = new ivm.Callback(send, { ignored: true });
  const part = new ivm.Callback((name: unknown) => readFileSync(join(partsFolder, guestPartName(String(name))), 'utf8'));
  const deliver: IsolatedVm.Reference = await context.evalClosure('return __boot($0, $1)', [post, part], { result: { reference: true } });
  process.on('message', (order: Order) => {
    const bytes =
      order.base64 === null
        ? null
        : new ivm.ExternalCopy(new Uint8Array(Buffer.from(order.base64, 'base64')).buffer).copyInto({ release: true });
    deliver
      .apply(undefined, [order.kind, order.id, order.text, bytes], { timeout: 5_000 })
      .catch((error: unknown) =>
        process.send?.({ kind: 'threw', id: order.id, error: { message: `the entry itself failed: ${String(error)}` } }),
      );
  });
  process.send?.({ kind: 'ready', id: 0 });
};

await boot();
