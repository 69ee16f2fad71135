// Stands in for destroy, which knows the bugs of file streams. Must never destroy what has no such method.

interface Destroyable {
  destroy?(): void;
  removeAllListeners?(event: string): void;
  on?(event: string, listener: () => void): void;
}

export default (stream: Destroyable, suppress?: boolean): Destroyable => {
  stream.destroy?.();
  if (!suppress) return stream;
  stream.removeAllListeners?.('error');
  stream.on?.('error', () => {});
  return stream;
};
