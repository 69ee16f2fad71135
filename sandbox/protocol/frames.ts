// The wire: frames of one fixed shape, written coalesced and read under caps. Must never interpret what a frame carries, and imports nothing.

/** Bytes before the payload: u8 kind, then u32 id, a, b, text length, raw length (little endian). */
export const frameHeaderBytes = 21;

export interface Frame {
  readonly kind: number;
  /** What the frame is about: a cell, a lease or a call, by its kind. */
  readonly id: number;
  readonly a: number;
  readonly b: number;
  readonly text: string;
  /** A view into the read buffer; null when empty. Copy it to keep it past the callback. */
  readonly raw: Uint8Array | null;
}

export interface FrameCaps {
  readonly maxTextBytes: number;
  readonly maxRawBytes: number;
}

const chunkBytes = 64 * 1024;
/** Raw parts above this are passed on as they are instead of being copied into the current chunk. */
const copyBytes = 16 * 1024;

/** Collects frames and hands them to `sink` once per turn of the event loop, as few buffers as possible. */
export class FrameWriter {
  readonly #sink: (buffers: readonly Uint8Array[]) => void;
  readonly #schedule: (flush: () => void) => void;
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #start = 0;
  #end = 0;
  #ready: Uint8Array[] = [];
  #scheduled = false;
  #pendingBytes = 0;

  constructor(sink: (buffers: readonly Uint8Array[]) => void, schedule: (flush: () => void) => void) {
    this.#sink = sink;
    this.#schedule = schedule;
  }

  /** Bytes written and not yet handed to the sink. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  write(kind: number, id: number, a: number, b: number, text: string, raw: Uint8Array | string | null): void {
    const rawBound = raw === null ? 0 : typeof raw === 'string' ? raw.length * 3 : raw.length <= copyBytes ? raw.length : 0;
    const bound = frameHeaderBytes + text.length * 3 + rawBound;
    if (bound > chunkBytes) this.#pushAll(makeFrame(kind, id, a, b, text, typeof raw === 'string' ? Buffer.from(raw) : raw));
    else this.#writeSmall(kind, id, a, b, text, raw, bound);
    this.#wantFlush();
  }

  /** What `makeFrame` made, as it is. */
  pass(frame: readonly Uint8Array[]): void {
    this.#pushAll(frame);
    this.#wantFlush();
  }

  flush(): void {
    this.#scheduled = false;
    this.#seal();
    const buffers = this.#ready;
    if (buffers.length === 0) return;
    this.#ready = [];
    this.#pendingBytes = 0;
    this.#sink(buffers);
  }

  #writeSmall(kind: number, id: number, a: number, b: number, text: string, raw: Uint8Array | string | null, bound: number): void {
    if (this.#end + bound > chunkBytes) this.#renew();
    const chunk = this.#chunk;
    const at = this.#end;
    const textEnd = at + frameHeaderBytes + (text === '' ? 0 : chunk.write(text, at + frameHeaderBytes));
    const textBytes = textEnd - at - frameHeaderBytes;
    let rawBytes = 0;
    if (typeof raw === 'string') rawBytes = chunk.write(raw, textEnd);
    else if (raw !== null) rawBytes = raw.length;
    writeHeader(chunk, at, kind, id, a, b, textBytes, rawBytes);
    if (raw === null || typeof raw === 'string') {
      this.#end = textEnd + rawBytes;
    } else if (raw.length <= copyBytes) {
      chunk.set(raw, textEnd);
      this.#end = textEnd + rawBytes;
    } else {
      this.#end = textEnd;
      this.#seal();
      this.#push(raw);
    }
  }

  #pushAll(parts: readonly Uint8Array[]): void {
    this.#seal();
    for (const part of parts) this.#push(part);
  }

  #wantFlush(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(() => this.flush());
  }

  #push(part: Uint8Array): void {
    this.#ready.push(part);
    this.#pendingBytes += part.length;
  }

  #seal(): void {
    if (this.#end > this.#start) this.#push(this.#chunk.subarray(this.#start, this.#end));
    this.#start = this.#end;
  }

  #renew(): void {
    this.#seal();
    this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
    this.#start = 0;
    this.#end = 0;
  }
}

/** A view that is kept keeps all of the buffer below it: a small one has its bytes to itself. */
const own = (view: Buffer): Buffer => (view.length * 2 < view.buffer.byteLength ? Buffer.from(view) : view);

const writeHeader = (to: Buffer, at: number, kind: number, id: number, a: number, b: number, textBytes: number, rawBytes: number): void => {
  to[at] = kind;
  to.writeUInt32LE(id, at + 1);
  to.writeUInt32LE(a, at + 5);
  to.writeUInt32LE(b, at + 9);
  to.writeUInt32LE(textBytes, at + 13);
  to.writeUInt32LE(rawBytes, at + 17);
};

/** One frame as it goes over the wire; the raw part is not copied. What is sent to many is made once. */
export const makeFrame = (kind: number, id: number, a: number, b: number, text: string, raw: Uint8Array | null): readonly Uint8Array[] => {
  const textBytes = Buffer.byteLength(text);
  const head = Buffer.allocUnsafe(frameHeaderBytes + textBytes);
  writeHeader(head, 0, kind, id, a, b, textBytes, raw?.length ?? 0);
  head.write(text, frameHeaderBytes);
  return raw === null || raw.length === 0 ? [head] : [head, raw];
};

/** Cuts a byte stream into frames. `onFault` is called once, for the first frame over the caps; nothing is read after it. */
export class FrameReader {
  readonly #caps: FrameCaps;
  readonly #onFrame: (frame: Frame) => void;
  readonly #onFault: (reason: string) => void;
  #rest: Buffer | null = null;
  /** Parts of a frame that is larger than what has arrived, joined once it is whole. */
  #parts: Buffer[] = [];
  #partsBytes = 0;
  #wantBytes = 0;
  #broken = false;

  constructor(caps: FrameCaps, onFrame: (frame: Frame) => void, onFault: (reason: string) => void) {
    this.#caps = caps;
    this.#onFrame = onFrame;
    this.#onFault = onFault;
  }

  push(data: Buffer): void {
    if (this.#broken) return;
    let chunk = data;
    if (this.#rest !== null) {
      this.#parts.push(data);
      this.#partsBytes += data.length;
      if (this.#partsBytes < this.#wantBytes) return;
      chunk = Buffer.concat(this.#parts, this.#partsBytes);
      this.#rest = null;
      this.#parts = [];
    }
    let at = 0;
    while (!this.#broken) {
      const left = chunk.length - at;
      if (left < frameHeaderBytes) return this.#keep(chunk, at, frameHeaderBytes);
      const textBytes = chunk.readUInt32LE(at + 13);
      const rawBytes = chunk.readUInt32LE(at + 17);
      if (textBytes > this.#caps.maxTextBytes || rawBytes > this.#caps.maxRawBytes) {
        this.#broken = true;
        this.#onFault(`frame of kind ${chunk[at] ?? 0} with ${textBytes}+${rawBytes} bytes is over the caps`);
        return;
      }
      const total = frameHeaderBytes + textBytes + rawBytes;
      if (left < total) return this.#keep(chunk, at, total);
      const textAt = at + frameHeaderBytes;
      this.#onFrame({
        kind: chunk[at] ?? 0,
        id: chunk.readUInt32LE(at + 1),
        a: chunk.readUInt32LE(at + 5),
        b: chunk.readUInt32LE(at + 9),
        text: textBytes === 0 ? '' : chunk.toString('utf8', textAt, textAt + textBytes),
        raw: rawBytes === 0 ? null : own(chunk.subarray(textAt + textBytes, at + total)),
      });
      at += total;
    }
  }

  #keep(chunk: Buffer, at: number, wantBytes: number): void {
    if (at === chunk.length) return;
    this.#rest = chunk.subarray(at);
    this.#parts = [this.#rest];
    this.#partsBytes = this.#rest.length;
    this.#wantBytes = wantBytes;
  }
}
