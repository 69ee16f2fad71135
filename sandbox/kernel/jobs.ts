// Runs one listener for one job and posts what it gave. Must never let the guest's value leave otherwise than as JSON, nor a second time.
import { platform } from '../platform/platform.ts';
import { type Channel, fromGuest, type JobHead, type KernelLimits } from '../protocol/kinds.ts';
import { makeDirectusAccountability } from './accountability.ts';
import { makeFault } from './fault.ts';
import { NativeError, nativeThen, parseJson, reflectApply, stringifyJson } from './intrinsics.ts';
import type { Lease } from './lease.ts';
import type { Handler, Listeners } from './listeners.ts';
import { post } from './pipe.ts';
import type { SchemaCache } from './schema-cache.ts';

export interface Jobs {
  begin(lease: Lease, text: string): void;
  /** The host has ended it. */
  cancel(lease: Lease): void;
}

/** `database` is the extension's own, whoever emitted: a listener has its own grants and no others. */
const makeHandlerContext = (context: object, schema: unknown, accountability: JobHead['accountability']): object =>
  Object.defineProperties(
    {
      schema,
      accountability:
        accountability === null || platform.expressMajor !== 4 ? accountability : makeDirectusAccountability(accountability, null),
    },
    { database: { enumerable: true, configurable: true, get: () => (context as { readonly database: unknown }).database } },
  );

const argumentsOf = (channel: Channel, head: JobHead, context: object, schema: unknown): readonly unknown[] => {
  const meta = { ...head.meta, event: head.event };
  switch (channel) {
    case 'filter':
      return [head.payload, meta, makeHandlerContext(context, schema, head.accountability)];
    case 'action':
      return [meta, makeHandlerContext(context, schema, head.accountability)];
    case 'init':
      return [meta];
    case 'schedule':
      return [];
  }
};

/** What a filter returned; where it returned nothing, what it made of its argument. Empty: the payload stays as it is. */
const filterResult = (returned: unknown, payload: unknown, before: string | undefined): string => {
  if (returned !== undefined) return stringifyJson(returned) ?? '';
  const after = stringifyJson(payload);
  return after === undefined || after === before ? '' : after;
};

export const makeJobs = (
  listeners: Listeners,
  context: () => object,
  schemas: () => SchemaCache | null,
  limits: () => KernelLimits,
  forget: (lease: Lease) => void,
): Jobs => {
  const finish = (lease: Lease, kind: number, text: string): void => {
    if (lease.over) return;
    lease.over = true;
    forget(lease);
    post(kind, lease.id, 0, text, null);
  };

  /** null: it is not granted, or cannot be read now; a listener that needs it asks getSchema(), and hears why. */
  const withSchema = ({ channel }: JobHead, run: (schema: unknown) => void): void => {
    const cache = channel === 'filter' || channel === 'action' ? schemas() : null;
    if (cache === null) run(null);
    else cache.use(run, () => run(null));
  };

  const run = async (head: JobHead, handler: Handler, schema: unknown): Promise<string> => {
    const before = head.channel === 'filter' ? stringifyJson(head.payload) : undefined;
    const returned: unknown = await reflectApply(handler, undefined, argumentsOf(head.channel, head, context(), schema) as never);
    const result = head.channel === 'filter' ? filterResult(returned, head.payload, before) : '';
    // callBytes too: what is longer than either would cost the cell.
    const { eventBytes, callBytes } = limits();
    const most = eventBytes < callBytes ? eventBytes : callBytes;
    if (result.length > most) throw new NativeError(`the payload has ${result.length} characters, over eventBytes or callBytes (${most})`);
    return result;
  };

  return {
    begin: (lease, text) => {
      const head = parseJson(text) as JobHead;
      const handler = listeners.find(head.listener, head.channel, head.listensFor);
      if (handler === null) return finish(lease, fromGuest.done, '');
      const done = (result: string): void => finish(lease, fromGuest.done, result);
      const fail = (error: unknown): void => finish(lease, fromGuest.fault, stringifyJson(makeFault(error)) ?? '{}');
      withSchema(head, (schema) => reflectApply(nativeThen, run(head, handler, schema), [done, fail]));
    },
    cancel: (lease) => {
      lease.over = true;
    },
  };
};
