// The parts of an extension's package.json that Cloister reads. Must never follow anything the file says: that is the gate's work.
import { type Static, Type } from '#typebox';
import { makeCheck } from '../config/check.ts';
import { parseJson } from '../config/json.ts';
import { showValue } from '../config/show.ts';
import { CloisterError } from '../errors.ts';

const file = 'package.json';
const maxPathLength = 1_024;

const relativePath = Type.String({ minLength: 1, maxLength: maxPathLength });
const onePath = Type.Union([relativePath, Type.Object({ app: Type.Optional(relativePath), api: Type.Optional(relativePath) })]);

const directusSchema = Type.Object({
  type: Type.String({ maxLength: 64 }),
  path: Type.Optional(onePath),
  source: Type.Optional(onePath),
  /** Read by directus-scopes.ts, where it counts. */
  sandbox: Type.Optional(Type.Unknown()),
  entries: Type.Optional(
    Type.Array(
      Type.Object({
        type: Type.String({ maxLength: 64 }),
        name: Type.String({ minLength: 1, maxLength: 214 }),
        source: Type.Optional(onePath),
      }),
      { maxItems: 1_000 },
    ),
  ),
});

/** Unknown keys are npm's and other tools' business; only `cloister` is strict, and checked by the manifest's own schema. */
const packageJsonSchema = Type.Object({
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 214 })),
  version: Type.Optional(
    Type.String({ pattern: '^[0-9A-Za-z.+_-]{1,64}$', description: 'a version of at most 64 letters, digits, ".", "+", "_" or "-"' }),
  ),
  type: Type.Optional(Type.Unknown()),
  main: Type.Optional(Type.String({ maxLength: maxPathLength })),
  'directus:extension': Type.Optional(directusSchema),
  cloister: Type.Optional(Type.Unknown()),
});

export type PackageJson = Static<typeof packageJsonSchema>;
export type DirectusKey = Static<typeof directusSchema>;

export type PackageKind = 'endpoint' | 'hook' | 'bundle' | 'bare';

export type PackageJsonParser = (text: string) => PackageJson;

/** Compiles the schema once, for many packages. Throws ERR_PACKAGE_INVALID. */
export const makePackageJsonParser = (): PackageJsonParser => {
  const check = makeCheck(packageJsonSchema, 'ERR_PACKAGE_INVALID');
  return (text) => {
    const value = parseJson(text, file, 'ERR_PACKAGE_INVALID');
    check(value, file);
    return value as PackageJson;
  };
};

/** Whether the file says by itself that its folder is an extension. */
export const isExtension = (json: PackageJson): boolean => json['directus:extension'] !== undefined || json.cloister !== undefined;

/** A folder without either key is judged by its files alone. */
export const decideKind = (json: PackageJson | null): PackageKind => {
  if (json === null || !isExtension(json)) return 'bare';
  const type = json['directus:extension']?.type ?? 'endpoint';
  if (type === 'endpoint' || type === 'hook' || type === 'bundle') return type;
  throw new CloisterError(
    'ERR_PACKAGE_INVALID',
    `${file}#/directus:extension/type: expected "endpoint", "hook" or "bundle", found ${showValue(type)}; other kinds do not run in Cloister`,
    { where: file },
  );
};

/** `@scope/greet` → `greet`; what follows a colon is no part of a mount either. */
export const nameWithoutScope = (name: string): string => name.replace(/^@[^/]*\//, '').split(':')[0] ?? '';
