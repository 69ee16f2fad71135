// Everything a guest sees besides capabilities, as one object for the kernel. Must never touch the host: what it needs comes through PlatformHooks.
import express, { major } from 'cloister:express';
import { makeRequire } from './builtins/require.ts';
import { globalNames, installGlobals } from './globals/install.ts';
import { makeRandom } from './globals/random.ts';
import { Timeout } from './globals/timers.ts';
import { METHODS, STATUS_CODES } from './http/constants.ts';
import { IncomingMessage } from './http/incoming-message.ts';
import { ServerResponse } from './http/server-response.ts';
import { nameMembers } from './names.ts';
import { prefetchParts } from './prefetch.ts';

nameMembers({ IncomingMessage, ServerResponse, Timeout, createApplication: express });
nameMembers(express);

export const platform = {
  express,
  expressMajor: major,
  IncomingMessage,
  ServerResponse,
  METHODS,
  STATUS_CODES,
  installGlobals,
  globalNames,
  makeRandom,
  makeRequire,
  prefetchParts,
};

export type Platform = typeof platform;
