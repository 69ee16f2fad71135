// PostgreSQL's own parser, as one instance that can be thrown away. Must never judge what it parsed.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** A node of the parse tree: data of a foreign program, looked at only through the shapes of shapes.ts. */
export type TreeNode = Readonly<Record<string, unknown>>;

export type ParseOutcome = { readonly ok: true; readonly tree: TreeNode } | { readonly ok: false; readonly message: string };

export interface SqlParser {
  parse(sql: string): ParseOutcome;
  /** Instances that a text broke and that were thrown away. */
  readonly discarded: number;
}

/** What is used of libpg-query's WebAssembly module (its wrapper keeps one instance for the whole process and no way to drop it). */
interface ParserModule {
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: 'i32'): number;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
}
type ParserFactory = (options: { instantiateWasm(imports: object, done: (instance: object) => void): void }) => Promise<ParserModule>;
/** What is used of the engine's WebAssembly object, which the ES library types leave to browsers. */
interface Engine {
  compile(bytes: Uint8Array): Promise<object>;
  readonly Instance: new (module: object, imports: object) => object;
}

/** Instances kept, the one in use included; each touches about 2 MB. */
const spareParsers = 3;

const parseWith = (module: ParserModule, sql: string): ParseOutcome => {
  const bytes = module.lengthBytesUTF8(sql) + 1;
  const text = module._malloc(bytes);
  module.stringToUTF8(sql, text, bytes);
  const result = module._wasm_parse_query_raw(text);
  if (result === 0) throw new Error('the parser is out of memory');
  const error = module.getValue(result + 8, 'i32');
  const outcome: ParseOutcome =
    error === 0
      ? { ok: true, tree: JSON.parse(module.UTF8ToString(module.getValue(result, 'i32'))) as TreeNode }
      : { ok: false, message: module.UTF8ToString(module.getValue(error, 'i32')) };
  module._free(text);
  module._wasm_free_parse_result(result);
  return outcome;
};

/** Loads the parser. Nothing of it lives on the host's heap but the text of each tree. */
export const openParser = async (): Promise<SqlParser> => {
  const require = createRequire(import.meta.url);
  const factory = require('libpg-query/wasm/libpg-query.js') as ParserFactory;
  const engine = Reflect.get(globalThis, 'WebAssembly') as Engine;
  const compiled = await engine.compile(await readFile(require.resolve('libpg-query/wasm/libpg-query.wasm')));
  const instantiate = (): Promise<ParserModule> =>
    factory({
      instantiateWasm(imports, done) {
        done(new engine.Instance(compiled, imports));
      },
    });
  // Some are kept ready, because a statement can break the one in use and the next caller must not wait or be refused.
  const ready = await Promise.all(Array.from({ length: spareParsers }, instantiate));
  let module = ready.pop();
  let discarded = 0;
  const replace = (): void => {
    discarded += 1;
    module = ready.pop();
    void instantiate().then((fresh) => {
      if (module === undefined) module = fresh;
      else ready.push(fresh);
    });
  };
  return {
    get discarded() {
      return discarded;
    },
    parse(sql) {
      if (module === undefined) return { ok: false, message: 'the parser restarts' };
      try {
        return parseWith(module, sql);
      } catch (error) {
        // A text nested deeply enough overflows the stack inside the module and leaves its memory in an unknown state:
        // a hostile text must not decide how the next one is read.
        replace();
        return {
          ok: false,
          message: error instanceof RangeError ? 'the statement is nested too deeply' : 'the statement cannot be parsed',
        };
      }
    },
  };
};
