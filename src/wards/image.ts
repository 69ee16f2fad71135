// Startup images and the parts that go with them: made once per profile and process in a process of their own, kept in memory, handed to each ward. Must never come from a package or a shared folder: an image is machine code.
import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { makeFrame } from '../../sandbox/protocol/frames.ts';
import { toWard } from '../../sandbox/protocol/kinds.ts';
import { CloisterError } from '../errors.ts';
import type { Program } from './hardening/open-hardening.ts';
import { type Profile, profileKey } from './profile.ts';

const imageTimeoutMs = 60_000;

/** Of this process: runtimes that come and go, such as the one that tries a deployment, have the same few. */
const made = new LRUCache<string, Promise<Uint8Array>>({ max: 16 });

const imageOf = (program: Program, key: string): Promise<Uint8Array> => {
  const name = JSON.stringify(program);
  const known = made.get(name);
  if (known !== undefined) return known;
  const image = makeImage(program, key);
  made.set(name, image);
  image.catch(() => made.delete(name));
  return image;
};

export class Images {
  readonly #programOf: (key: string) => Program;
  readonly #partsFolder: string;
  readonly #starts = new Map<string, Promise<readonly Uint8Array[]>>();
  #parts: Promise<string> | undefined;

  /** `programOf` a profile's key: how its image is made. */
  constructor(programOf: (key: string) => Program, partsFolder: string) {
    this.#programOf = programOf;
    this.#partsFolder = partsFolder;
  }

  /** The frame each ward of the profile boots from. Made once: wards come and go by the thousand, and each would leave half a megabyte to collect. */
  start(profile: Profile): Promise<readonly Uint8Array[]> {
    const key = profileKey(profile);
    const known = this.#starts.get(key);
    if (known !== undefined) return known;
    const start = this.#make(key);
    this.#starts.set(key, start);
    // Whoever comes next tries again.
    start.catch(() => this.#starts.delete(key));
    return start;
  }

  async #make(key: string): Promise<readonly Uint8Array[]> {
    this.#parts ??= readParts(this.#partsFolder);
    const [image, parts] = await Promise.all([imageOf(this.#programOf(key), key), this.#parts]);
    return makeFrame(toWard.image, 0, 0, 0, parts, image);
  }
}

const partFile = /^guest-part-([a-z]+)\.js$/;

/** Code that cells evaluate when they need it, as JSON: name → text. */
const readParts = async (folder: string): Promise<string> => {
  const parts: [string, string][] = [];
  for (const file of await readdir(folder)) {
    const name = partFile.exec(file)?.[1];
    if (name !== undefined) parts.push([name, await readFile(join(folder, file), 'utf8')]);
  }
  return JSON.stringify(Object.fromEntries(parts));
};

const makeImage = ({ file, args }: Program, key: string): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      timeout: imageTimeoutMs,
      killSignal: 'SIGKILL',
    });
    const parts: Buffer[] = [];
    let complaint = '';
    (child.stdio[3] as Readable).on('data', (part: Buffer) => parts.push(part));
    child.stderr?.on('data', (part: Buffer) => {
      complaint = (complaint + part.toString()).slice(-2_000);
    });
    child.on('error', reject);
    child.on('close', () => {
      const image = Buffer.concat(parts);
      if (image.length > 0) resolve(image);
      else
        reject(
          new CloisterError('ERR_ENGINE_UNSUPPORTED', `the startup image ${key} could not be made: ${complaint.trim() || 'no output'}`),
        );
    });
  });
