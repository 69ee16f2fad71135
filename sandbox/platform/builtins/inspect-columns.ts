// How util.inspect sets more than six short elements of a list in columns. Must never drop an element.

const mostColumns = 15;
/** A character is about that much higher than wide: the block shall look square. */
const characterHeight = 2.5;
const separator = ', '.length;
/** What the shortest element takes: as much of each is no reason for fewer columns. */
const smallest = 1 + separator;

export interface Layout {
  /** What is left of the line's length after the indentation. */
  readonly width: number;
  readonly breakLength: number;
  readonly compact: number;
  /** Numbers and big integers stand at the right of their column. */
  readonly rightAligned: boolean;
  /** The last element only says how many more there are: it stands alone. */
  readonly hasMore: boolean;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** 1 where columns would make nothing better: the elements are long, or few of them are as long as the longest. */
const countColumns = (lengths: readonly number[], { width, breakLength, compact, hasMore }: Layout): number => {
  const longest = Math.max(0, ...lengths) + separator;
  const total = sum(lengths) + separator * lengths.length;
  const fits = longest * 3 + (breakLength - width) < breakLength;
  if (!fits || (total / longest <= 5 && longest - separator > 6)) return 1;
  const spread = Math.sqrt(longest - total / (lengths.length + (hasMore ? 1 : 0)));
  const usual = Math.max(longest - smallest - spread, 1);
  const square = Math.round(Math.sqrt(characterHeight * usual * lengths.length) / usual);
  return Math.min(square, Math.floor(width / longest), compact * 4, mostColumns);
};

/** Lines of several elements; the elements as they are where columns would make nothing better. */
export const setInColumns = (elements: readonly string[], layout: Layout): readonly string[] => {
  const listed = layout.hasMore ? elements.slice(0, -1) : elements;
  const lengths = listed.map((element) => element.length);
  const columns = countColumns(lengths, layout);
  if (columns <= 1) return elements;
  const widths = Array.from({ length: columns }, (_, column) => Math.max(0, ...lengths.filter((__, index) => index % columns === column)));
  const lines: string[] = [];
  for (let from = 0; from < listed.length; from += columns) {
    const row = listed.slice(from, from + columns);
    const set = row.map((element, column) => {
      const text = column === row.length - 1 ? element : `${element}, `;
      const width = (widths[column] ?? 0) + (column === row.length - 1 ? 0 : separator);
      if (layout.rightAligned) return text.padStart(width);
      return column === row.length - 1 ? text : text.padEnd(width);
    });
    lines.push(set.join(''));
  }
  return layout.hasMore ? [...lines, elements.at(-1) ?? ''] : lines;
};
