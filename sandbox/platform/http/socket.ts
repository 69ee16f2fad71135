// The connection a guest sees as req.socket and res.socket: who is on the other side, and whether it is still there. Must never carry data.
import { EventEmitter } from 'events/';

export interface GuestSocket extends EventEmitter {}

/** Not an ES subclass: EventEmitter's constructor makes a table of listeners that hardly any request needs. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the prototype is EventEmitter's, set below.
export class GuestSocket {
  destroyed = false;
  readonly encrypted: boolean;
  readonly remoteAddress: string;

  constructor(remoteAddress: string, encrypted: boolean) {
    this.remoteAddress = remoteAddress;
    this.encrypted = encrypted;
  }

  get readable(): boolean {
    return !this.destroyed;
  }
  get writable(): boolean {
    return !this.destroyed;
  }
  get remoteFamily(): string {
    return this.remoteAddress.includes(':') ? 'IPv6' : 'IPv4';
  }
  get remotePort(): number {
    return 0;
  }
  get authorized(): boolean {
    return false;
  }

  address(): object {
    return {};
  }
  setTimeout(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  pause(): this {
    return this;
  }
  resume(): this {
    return this;
  }
  cork(): void {}
  uncork(): void {}
  write(): boolean {
    return false;
  }
  end(): this {
    return this.destroy();
  }

  destroy(error?: unknown): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    Promise.resolve().then(() => this.emit('close', error !== undefined));
    return this;
  }
}
Object.setPrototypeOf(GuestSocket.prototype, EventEmitter.prototype);
