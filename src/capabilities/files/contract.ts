// Which files of its own package an extension may read. Must never hand over a text on a call: texts are part of the script, and a call only says that one is used.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { filesBounds } from './bounds.ts';

const segment = '(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+';
/** From the package's folder; a last segment of `*` is every file directly in a folder. */
export const pathPattern = `^(?:${segment}/)*(?:\\*|${segment})$`;
const path = Type.String({ pattern: pathPattern, maxLength: filesBounds.pathChars.value });

export const filesGrant = Type.Object(
  {
    paths: Type.Array(path, { uniqueItems: true, maxItems: filesBounds.paths.value, description: 'such as "data.json" or "templates/*"' }),
  },
  { additionalProperties: false },
);
export type FilesGrant = Static<typeof filesGrant>;

/** What a cell gets at boot: the paths of every grant. A file is there where each of them covers it. */
export type FilesBoot = readonly (readonly string[])[];

export const readArgs = Type.Object(
  { path: Type.String({ minLength: 1, maxLength: filesBounds.pathChars.value }) },
  { additionalProperties: false },
);
export type ReadArgs = Static<typeof readArgs>;

export const filesContract: CapabilityContract = {
  name: 'files',
  grant: filesGrant,
  methods: {
    read: { args: readArgs, reply: false, note: true, effect: () => false, summarize: (args) => ({ path: (args as ReadArgs).path }) },
  },
};
