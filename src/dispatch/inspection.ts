// Which cells a debugger may be joined to, on a host that was started for that. Must never exist on another.
import { inspectSteps } from '../../sandbox/protocol/kinds.ts';
import type { Cell } from './cell.ts';

/** A cell as a debugger is shown it. */
export interface Inspectable {
  readonly id: number;
  readonly extension: string;
  readonly tenant: string;
}

export interface InspectionSession {
  /** One message of the debugger, as JSON. */
  send(message: string): void;
  /** Lets it run on. */
  close(): void;
}

export interface Inspection {
  targets(): readonly Inspectable[];
  /** null: it has ended, or has a debugger. */
  open(cell: number, onMessage: (message: string) => void, onEnd: () => void): InspectionSession | null;
}

/** `cells`: those there are now. */
export const makeInspection = (cells: () => readonly Cell[]): Inspection => ({
  targets: () => cells().map(({ id, extension, tenant }) => ({ id, extension: extension.id, tenant })),
  open: (id, onMessage, onEnd) => {
    const cell = cells().find((one) => one.id === id);
    if (cell === undefined || cell.inspector !== null) return null;
    cell.inspector = { onMessage, onEnd };
    cell.inspect(inspectSteps.open, '');
    return {
      send: (message) => cell.inspect(inspectSteps.message, message),
      close: () => {
        cell.inspector = null;
        cell.inspect(inspectSteps.close, '');
      },
    };
  },
});
