// Runs every program in this Node and writes what they print, as JSON. Must never share a process with a test runner: that changes what promises and the console look like.
interface Programs {
  readonly names: readonly string[];
  run(name: string): Promise<readonly string[]>;
}

const { names, run } = (await import(new URL('../fixtures/programs/main.js', import.meta.url).href)) as Programs;
// Unlike in a cell, the process would end where a program waits for nothing.
const alive = setInterval(() => undefined, 1_000);
const printed: (readonly [string, readonly string[]])[] = [];
for (const name of names) printed.push([name, await run(name)]);
clearInterval(alive);
process.stdout.write(JSON.stringify(printed), () => process.exit());
