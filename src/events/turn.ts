// One listener's turn, as a lease that no client waits for. Must never settle twice, nor leave a promise open.
import type { JobHead } from '../../sandbox/protocol/kinds.ts';
import type { Accountability, Cause } from '../bridge/capability.ts';
import type { Answer, Question } from '../dispatch/answer.ts';
import { errorTable, type PublicError } from '../errors.ts';
import type { Target } from './facts.ts';

export type TurnOutcome =
  /** Empty text: nothing. Not checked. */
  { readonly kind: 'done'; readonly text: string } | { readonly kind: 'failed'; readonly error: PublicError };

/** `waited`: it was in no cell when it ended. */
export interface CarriedOutcome {
  readonly outcome: TurnOutcome;
  readonly waited: boolean;
}

export interface TurnOrder {
  readonly target: Target;
  readonly tenant: string;
  readonly accountability: Accountability;
  readonly event: string;
  /** JSON of an object. */
  readonly meta: string;
  /** JSON; empty for none. */
  readonly payload: string;
  readonly cause: Cause;
  readonly wallMs: number;
  readonly awaited: boolean;
  /** Absent: it gets one of this host's. */
  readonly requestId?: string;
}

type HeadStart = Pick<JobHead, 'channel' | 'listener' | 'listensFor' | 'event' | 'accountability'>;

/** Joined, not parsed: a text waits in many queues and is held once. */
const makeHead = ({ target: { listener }, event, accountability, meta, payload }: TurnOrder): string => {
  const start: HeadStart = { channel: listener.channel, listener: listener.id, listensFor: listener.event, event, accountability };
  return `${JSON.stringify(start).slice(0, -1)},"meta":${meta}${payload === '' ? '' : `,"payload":${payload}`}}`;
};

/** What is asked, and what is told when it is over. */
export const makeTurn = (
  order: TurnOrder,
  settle: (outcome: TurnOutcome) => void,
): { readonly question: Question; readonly answer: Answer } => {
  const { target, event, wallMs, awaited, cause, requestId } = order;
  return {
    question: {
      head: makeHead(order),
      method: target.listener.channel.toUpperCase(),
      path: event,
      bodyMode: 0,
      body: null,
      job: {
        wallMs,
        awaited,
        cause,
        ...(requestId === undefined ? {} : { requestId }),
        onResult: (text) => settle({ kind: 'done', text }),
      },
    },
    answer: {
      begun: false,
      holdFor: () => undefined,
      // A turn has no client: a lease refuses all of these before they come here.
      respond: ({ status }) => status,
      begin: () => undefined,
      chunk: () => undefined,
      end: () => undefined,
      next: () => undefined,
      fail: (error) => {
        settle({ kind: 'failed', error });
        return error.status;
      },
    },
  };
};

/** Whether a listener refused in its own words, by an error that is made to be told, rather than broke down. */
export const isRefusal = ({ code, status }: PublicError): boolean =>
  code === 'ERR_GUEST_FAILED' ? status < 500 : !Object.hasOwn(errorTable, code);
