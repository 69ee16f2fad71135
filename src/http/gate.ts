// What of a client's request reaches an extension: its `router` and `headers` grants. Must never see a body or a header's value.
import type { IncomingMessage } from 'node:http';
import type { Granted } from '../bridge/bridge.ts';
import type { LeaseRecord } from '../bridge/call-lease.ts';
import { noteOf } from '../bridge/note.ts';
import { decideAll, judge } from '../bridge/verdict.ts';

export interface Gate {
  /** Headers beyond the plain ones, in lower case. */
  readonly grantedHeaders: ReadonlySet<string>;
  /** The `router` grant; null allows, else why not. */
  refuses(method: string, below: string): string | null;
  /** What goes on and would be denied, for the ledger; null where nothing is only reported. A header is noted when the extension looks at it. */
  readonly report: ((request: IncomingMessage, below: string) => readonly LeaseRecord[]) | null;
}

const readNames = (bootValue: unknown): ReadonlySet<string> => new Set(Array.isArray(bootValue) ? bootValue.map(String) : []);

const makeReport = (router: Granted): Gate['report'] => {
  if (router.reported.length === 0) return null;
  return (request, path) => {
    const args = { method: request.method ?? 'GET', path };
    return noteOf('router', 'request', args, judge(router, 'request', args));
  };
};

export const makeGate = (capabilities: ReadonlyMap<string, Granted>): Gate => {
  const router = capabilities.get('router');
  const headers = capabilities.get('headers');
  const grantedHeaders = readNames(headers?.instance.bootValue(''));
  return {
    grantedHeaders,
    refuses(method, path) {
      if (router === undefined) return 'This extension is granted no routes.';
      const decision = decideAll(router.policies, 'request', { method, path });
      return decision.allow ? null : decision.reason;
    },
    report: router === undefined ? null : makeReport(router),
  };
};
