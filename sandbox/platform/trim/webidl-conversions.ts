// Stands in for webidl-conversions under whatwg-url, which uses two of its conversions; the real one wants a SharedArrayBuffer while it loads. Must never convert a symbol.

interface Options {
  readonly context?: string;
}

export const any = (value: unknown): unknown => value;

export const USVString = (value: unknown, options: Options = {}): string => {
  if (typeof value === 'symbol') throw new TypeError(`${options.context ?? 'Value'} is a symbol, which cannot be converted to a string.`);
  return String(value).toWellFormed();
};
