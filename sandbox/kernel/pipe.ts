// The one way out of the isolate. The captured post function stays in this closure. Must never let the guest choose a kind.
import { NativeError } from './intrinsics.ts';

/** The ward's callback: numbers, a string and at most one byte part cross, nothing else. */
export type PostFunction = (kind: number, lease: number, id: number, text: string, raw: string | Uint8Array | null) => void;

let postFunction: PostFunction | null = null;

export const connectPipe = (post: PostFunction): void => {
  if (postFunction !== null) throw new NativeError('the pipe is connected already');
  postFunction = post;
};

export const post: PostFunction = (kind, lease, id, text, raw) => {
  postFunction?.(kind, lease, id, text, raw);
};
