// Places in the script that runs, as places in the author's own files. Must never read a file that a map names.
import { SourceMap, type SourceMapPayload } from 'node:module';

/** `/extension/index.js:12:34`, as V8 and the kernel write it. */
const place = /(?:file:\/\/)?\/extension\/index\.js:(\d+):(\d+)/g;
/** How the bundler names a file of the package. */
const inPackage = 'extension:/';
/** To read a larger one would keep the host from its work. */
const mostMapChars = 8_388_608;

export interface GuestPlaces {
  /** Text with every place mapped; `map` is the script's own, as JSON. */
  text(text: string, map: string | null, folder: string): string;
  /** A stack without the frames of the kernel: an author has no use for those. */
  stack(stack: string, map: string | null, folder: string): string;
}

export const makeGuestPlaces = (): GuestPlaces => {
  // One map at a time is asked for again and again: that of the script which runs.
  let known: { readonly text: string; readonly map: SourceMap } | null = null;

  const read = (text: string): SourceMap => {
    if (known?.text !== text) known = { text, map: new SourceMap(JSON.parse(text) as SourceMapPayload) };
    return known.map;
  };

  const text: GuestPlaces['text'] = (given, map, folder) => {
    if (map === null || map === '' || map.length > mostMapChars) return given;
    return given.replace(place, (whole, line: string, column: string) => {
      const found = read(map).findEntry(Number(line) - 1, Number(column) - 1);
      if (!('originalSource' in found) || !found.originalSource.startsWith(inPackage)) return whole;
      const file = found.originalSource.slice(inPackage.length).replace(/^\//, '');
      return `${folder === '' ? '' : `${folder}/`}${file}:${found.originalLine + 1}:${found.originalColumn + 1}`;
    });
  };

  return {
    text,
    stack: (stack, map, folder) => {
      const lines = stack.split('\n').filter((line) => !/^\s+at /.test(line) || line.includes('/extension/index.js:'));
      return text(lines.join('\n'), map, folder);
    },
  };
};
