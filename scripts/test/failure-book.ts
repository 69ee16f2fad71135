// What failed, said once more at the end of a run: who reads thousands of lines of output may see only the last of them. Must never say more of a file than fits there.

export interface FailureBook {
  add(name: string, output: string): void;
  /** '' where nothing failed. */
  readonly text: string;
}

const heading = '✖ failing tests:';
const mostCharacters = 3_000;
const mostNames = 20;

/** A spec reporter repeats its failures at its end; of other output the end says most. */
const tellingPart = (output: string): string => {
  const at = output.lastIndexOf(heading);
  return at < 0 ? output.slice(-mostCharacters) : output.slice(at, at + mostCharacters);
};

export const makeFailureBook = (): FailureBook => {
  const parts: string[] = [];
  let left = 0;
  return {
    add: (name, output) => {
      if (parts.length < mostNames) parts.push(`✖ ${name}\n${tellingPart(output).trimEnd()}`);
      else left += 1;
    },
    get text() {
      if (parts.length === 0) return '';
      return ['\nWhat failed:', ...parts, ...(left === 0 ? [] : [`and ${left} more`])].join('\n\n');
    },
  };
};
