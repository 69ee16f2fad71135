// Who is compared: each is a server program of its own. Must never hold a measurement.

export const peerNames = ['express', 'worker', 'isolated-vm', 'cloister', 'hardened'] as const;
export type PeerName = (typeof peerNames)[number];

export interface Peer {
  readonly name: PeerName;
  readonly file: string;
  readonly nodeFlags: readonly string[];
  readonly meaning: string;
}

export const peers: Readonly<Record<PeerName, Peer>> = {
  express: {
    name: 'express',
    file: 'express.ts',
    nodeFlags: [],
    meaning: 'plain Express 5, the handlers in the server itself: no sandbox',
  },
  worker: {
    name: 'worker',
    file: 'worker.ts',
    nodeFlags: [],
    meaning: 'Express 5 in a worker thread behind node:http, one coalesced message hop each way',
  },
  'isolated-vm': {
    name: 'isolated-vm',
    file: 'isolated-vm.ts',
    nodeFlags: ['--no-node-snapshot'],
    meaning: 'Express 5, each request one async apply into an isolate in the same process, JSON both ways',
  },
  cloister: {
    name: 'cloister',
    file: 'cloister.ts',
    nodeFlags: [],
    meaning: 'Cloister on node:http, the handlers as an extension in its cell',
  },
  hardened: {
    name: 'hardened',
    file: 'cloister.ts',
    nodeFlags: [],
    meaning: 'the same with wards.hardened: no compiler of V8 in the wards',
  },
};
