// A package as one text: who signed, the signature, what was signed. Pure; must never look at what was signed before the signature holds.
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { type Static, Type } from '#typebox';
import { makeCheck } from '../config/check.ts';
import { parseJson } from '../config/json.ts';
import { CloisterError } from '../errors.ts';

const closed = { additionalProperties: false } as const;
const mostFiles = 64;
/** Parts of a path without anything that a shell, a URL or a file system reads in its own way. Names are keys of a map here: nothing is ever unpacked. */
const fileName = '^(?=.{1,256}$)[A-Za-z0-9_@][A-Za-z0-9._@+-]*(?:/[A-Za-z0-9_@][A-Za-z0-9._@+-]*){0,15}$';
const base64 = '^[A-Za-z0-9+/]*={0,2}$';

const outerSchema = Type.Object(
  {
    cloisterArchive: Type.Literal(1),
    key: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'the SHA-256 of a public key, in hex' }),
    signature: Type.String({ pattern: '^[A-Za-z0-9+/]{86}==$', description: 'an Ed25519 signature in base64' }),
    payload: Type.String({ pattern: base64, description: 'base64' }),
  },
  closed,
);
const innerSchema = Type.Object(
  {
    files: Type.Record(Type.String({ pattern: fileName, description: 'a relative path of plain names' }), Type.String(), {
      ...closed,
      minProperties: 1,
      maxProperties: mostFiles,
    }),
  },
  closed,
);

/** As it is where nobody signed it: it says so, and only a registry without trustedKeys takes it. */
const unsignedSchema = Type.Object(
  { cloisterArchive: Type.Literal(1), payload: Type.String({ pattern: base64, description: 'base64' }) },
  closed,
);

/** Path in the package → text. */
export type ArchivedFiles = ReadonlyMap<string, string>;

/** What is signed begins with this, so that no signature over anything else is one over an archive. */
const context = Buffer.from('cloister archive 1\n');
const spkiOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });
/** The one line by which an operator trusts it. */
export const publicLineOf = (key: KeyObject): string => spkiOf(createPublicKey(key)).toString('base64');
export const keyIdOf = (publicLine: string): string => createHash('sha256').update(Buffer.from(publicLine, 'base64')).digest('hex');

const payloadOf = (files: ArchivedFiles): Buffer =>
  Buffer.from(JSON.stringify({ files: Object.fromEntries([...files].sort(([one], [other]) => (one < other ? -1 : 1))) }));

/** Nobody stands for it. */
export const wrapArchive = (files: ArchivedFiles): string =>
  `${JSON.stringify({ cloisterArchive: 1, payload: payloadOf(files).toString('base64') })}\n`;

export const sealArchive = (files: ArchivedFiles, privateKey: KeyObject): string => {
  const payload = payloadOf(files);
  const signature = sign(null, Buffer.concat([context, payload]), privateKey).toString('base64');
  const outer = { cloisterArchive: 1, key: keyIdOf(publicLineOf(privateKey)), signature, payload: payload.toString('base64') };
  return `${JSON.stringify(outer)}\n`;
};

const invalid = (where: string, cause: string): CloisterError =>
  new CloisterError('ERR_ARCHIVE_INVALID', `${where}: ${cause}`, { file: where });
const untrusted = (where: string, cause: string): CloisterError =>
  new CloisterError('ERR_ARCHIVE_UNTRUSTED', `${where}: ${cause}`, { file: where });

/** Base64 that says each byte in one way only. */
const decode = (text: string, where: string): Buffer => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw invalid(where, 'its base64 is not how base64 is written; get the archive again');
  return bytes;
};

const decodeUtf8 = (bytes: Buffer, where: string): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid(where, 'what was signed is not UTF-8 text; pack it again');
  }
};

/** A file of which another is said to lie inside. */
const refuseOverlap = (files: ArchivedFiles, where: string): void => {
  for (const name of files.keys())
    for (let at = name.lastIndexOf('/'); at !== -1; at = name.lastIndexOf('/', at - 1))
      if (files.has(name.slice(0, at))) throw invalid(where, `"${name.slice(0, at)}" is a file and a folder at once; pack it again`);
};

export interface OpenedArchive {
  readonly files: ArchivedFiles;
  /** SHA-256 of the public key it was signed with; null: nobody looked. */
  readonly key: string | null;
}

const openPayload = (payload: Buffer, where: string): ArchivedFiles => {
  const inner = parseJson(decodeUtf8(payload, where), where, 'ERR_ARCHIVE_INVALID');
  makeCheck(innerSchema, 'ERR_ARCHIVE_INVALID')(inner, where);
  const files = new Map(Object.entries((inner as Static<typeof innerSchema>).files));
  refuseOverlap(files, where);
  return files;
};

const hasNoSignature = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'cloisterArchive' in value && !('signature' in value && value.signature !== '');

/** Throws ERR_ARCHIVE_INVALID or ERR_ARCHIVE_UNTRUSTED. `where` names the file; its size was checked. */
export const openSealed = (text: string, where: string, trustedKeys: readonly string[]): OpenedArchive => {
  const value = parseJson(text, where, 'ERR_ARCHIVE_INVALID');
  if (hasNoSignature(value)) throw untrusted(where, 'is not signed; `cloister pack --key FILE` signs it');
  makeCheck(outerSchema, 'ERR_ARCHIVE_INVALID')(value, where);
  const outer = value as Static<typeof outerSchema>;
  const line = trustedKeys.find((trusted) => keyIdOf(trusted) === outer.key);
  const shown = outer.key.slice(0, 16);
  if (line === undefined)
    throw untrusted(
      where,
      `is signed by the key ${shown}…, which is not trusted; add its author's public key to trustedKeys, or take the archive away`,
    );
  const payload = decode(outer.payload, where);
  const publicKey = createPublicKey({ key: Buffer.from(line, 'base64'), type: 'spki', format: 'der' });
  if (!verify(null, Buffer.concat([context, payload]), publicKey, decode(outer.signature, where)))
    throw invalid(where, `its signature by the key ${shown}… does not hold: it was changed since, or signed by another key; get it again`);
  return { files: openPayload(payload, where), key: outer.key };
};

/** Of a registry: its operator stands for what is deployed. With trusted keys the same as {@link openSealed}; without any, signatures are not looked at. */
export const openDeployed = (text: string, where: string, trustedKeys: readonly string[]): OpenedArchive => {
  if (trustedKeys.length > 0) return openSealed(text, where, trustedKeys);
  const value = parseJson(text, where, 'ERR_ARCHIVE_INVALID');
  const schema = typeof value === 'object' && value !== null && 'signature' in value ? outerSchema : unsignedSchema;
  makeCheck(schema, 'ERR_ARCHIVE_INVALID')(value, where);
  const payload = decode((value as Static<typeof unsignedSchema>).payload, where);
  return { files: openPayload(payload, where), key: null };
};
