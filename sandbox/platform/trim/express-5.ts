// Express 5 as the guest has it. Must never differ from the package but in what sandbox/bundle/trims.ts lists.
// esbuild turns require() with a literal into the bundled module; no require exists when this runs.
declare const require: (name: string) => unknown;

export default require('express') as { (): unknown; readonly Router: unknown };
export const major = 5;
