// FormData as multipart/form-data, both ways (RFC 7578, as the HTML and fetch standards narrow it). Must never take a part whose head it cannot read for a part.
import { Buffer } from '../globals/buffer.ts';
import { hooks } from '../hooks.ts';
import { Blob, File } from './blob.ts';
import { FormData } from './form-data.ts';

const escapeName = (name: string): string => name.replace(/\r\n?|\n/g, '%0D%0A').replaceAll('"', '%22');
const newlines = (text: string): string => text.replace(/\r\n?|\n/g, '\r\n');
const keepNewlines = (name: string): string => name.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');

export const writeForm = (form: FormData): { readonly body: Blob; readonly type: string } => {
  const random = Buffer.alloc(12);
  hooks().random(random);
  const boundary = `----formdata-cloister-${random.toString('hex')}`;
  const parts: (string | Blob)[] = [];
  for (const [name, value] of form) {
    parts.push(`--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(name)}"`);
    if (typeof value === 'string') parts.push(`\r\n\r\n${newlines(value)}\r\n`);
    else
      parts.push(
        `; filename="${keepNewlines(value.name)}"\r\nContent-Type: ${value.type === '' ? 'application/octet-stream' : value.type}\r\n\r\n`,
        value,
        '\r\n',
      );
  }
  parts.push(`--${boundary}--\r\n`);
  return { body: new Blob(parts), type: `multipart/form-data; boundary=${boundary}` };
};

const failed = (): TypeError => new TypeError('Failed to parse body as FormData.');
const disposition = /^form-data;\s*name="([^"]*)"(?:;\s*filename="([^"]*)")?/i;
const unescapeName = (name: string): string => name.replace(/%0A/gi, '\n').replace(/%0D/gi, '\r').replaceAll('%22', '"');

const headOf = (text: string): { readonly name: string; readonly filename: string | undefined; readonly type: string } => {
  let named: RegExpExecArray | null = null;
  let type = 'text/plain';
  for (const line of text.split('\r\n')) {
    const at = line.indexOf(':');
    if (at < 1) throw failed();
    const [key, value] = [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    if (key === 'content-disposition') named = disposition.exec(value);
    if (key === 'content-type') type = value;
  }
  if (named === null) throw failed();
  return { name: unescapeName(named[1] ?? ''), filename: named[2] === undefined ? undefined : unescapeName(named[2]), type };
};

const boundaryOf = (type: string): string | null => {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
  return quoted ?? plain ?? null;
};

/** Rejects what is not well formed with a TypeError. */
export const readForm = (given: Uint8Array, type: string): FormData => {
  const boundary = boundaryOf(type);
  if (boundary === null) throw failed();
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength) as unknown as {
    readonly length: number;
    indexOf(text: string, from?: number, encoding?: string): number;
    toString(encoding: string, from: number, to: number): string;
    subarray(from: number, to: number): Uint8Array;
  };
  const form = new FormData();
  const line = `--${boundary}`;
  let at = bytes.indexOf(line, 0, 'latin1');
  if (at !== 0) throw failed();
  for (;;) {
    at += line.length;
    const after = bytes.toString('latin1', at, at + 2);
    if (after === '--') return form;
    if (after !== '\r\n') throw failed();
    const headEnd = bytes.indexOf('\r\n\r\n', at + 2, 'latin1');
    const end = headEnd < 0 ? -1 : bytes.indexOf(`\r\n${line}`, headEnd + 2, 'latin1');
    if (end < 0) throw failed();
    const { name, filename, type: partType } = headOf(bytes.toString('utf8', at + 2, headEnd));
    const content = bytes.subarray(Math.min(headEnd + 4, end), end);
    if (filename === undefined) form.append(name, bytes.toString('utf8', Math.min(headEnd + 4, end), end));
    else form.append(name, new File([content], filename, { type: partType }));
    at = end + 2;
  }
};
