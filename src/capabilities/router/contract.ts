// Which requests may reach an extension at all. Must never have a method: the host asks before the guest runs, and the guest never does.
import { type Static, Type } from '#typebox';
import type { CapabilityContract } from '../../bridge/capability.ts';
import { routerBounds } from './bounds.ts';

/** Express's verbs that clients really send; a list in a grant names them in capitals. */
export const routerMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'SEARCH'] as const;

/** Unreserved, sub-delims, `:` and `@` as RFC 3986 has them in a path, or a percent sign and two hex digits. */
export const pathCharacter = "(?:[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2})";

/** Two hex digits that may not stand after a percent sign: slash, backslash, control characters, and what needs no encoding. Two spellings of one path would be two paths to a rule. */
export const ambiguousHex = '(?:[01]|2[DdEeFf]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaCcFf]|6[1-9A-Fa-f]|7[0-9AaEeFf])';

/** `/`, `/items/7`, or with all below it `/items/*` and `/*`. Never `.` or `..` as a part. */
const pattern = Type.String({
  pattern: `^(?!.*/\\.{1,2}(?:/|$))(?!.*%${ambiguousHex})(?:(?:/${pathCharacter}+)+(?:/\\*)?|/\\*?)$`,
  maxLength: routerBounds.patternChars.value,
});

/** A key that is absent restricts nothing; an empty list denies all. */
export const routerGrant = Type.Object(
  {
    methods: Type.Optional(Type.Array(Type.Enum([...routerMethods]), { uniqueItems: true, maxItems: routerMethods.length })),
    paths: Type.Optional(Type.Array(pattern, { uniqueItems: true, maxItems: routerBounds.paths.value })),
  },
  { additionalProperties: false },
);
export type RouterGrant = Static<typeof routerGrant>;

/** What the host asks the policy with, as `request`. */
export interface RequestArgs {
  readonly method: string;
  /** Below the mount, without query: `/` for the mount itself. */
  readonly path: string;
}

export const routerContract: CapabilityContract = { name: 'router', grant: routerGrant, methods: {} };
