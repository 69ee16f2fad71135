// Puts secrets in for their placeholders, and takes them out of what comes back. Must never let one out but in its own header to its own origin.
import { randomBytes } from 'node:crypto';
import type { FetchGrant } from './contract.ts';
import { EgressError } from './egress-error.ts';

/** What the operator calls secret, and what stands for it in every guest. */
export interface Secret {
  readonly value: string;
  readonly placeholder: string;
}

/** Placeholders cannot be guessed from outside, so that nobody can have a host put one in by chance. */
export const makeSecrets = (values: ReadonlyMap<string, string>): ReadonlyMap<string, Secret> =>
  new Map(
    [...values].map(([name, value]) => [name, { value, placeholder: `cloister_${name.toLowerCase()}_${randomBytes(12).toString('hex')}` }]),
  );

export interface SecretUse extends Secret {
  readonly origin: string;
  readonly header: string;
}

/** Secrets that every grant gives in the same place. */
export const findUses = (grants: readonly FetchGrant[], secrets: ReadonlyMap<string, Secret>): readonly SecretUse[] => {
  const [first, ...rest] = grants;
  return Object.entries(first?.secrets ?? {}).flatMap(([name, { origin, header }]) => {
    const secret = secrets.get(name);
    const agreed = rest.every(({ secrets: others }) => {
      const other = others !== undefined && Object.hasOwn(others, name) ? others[name] : undefined;
      return other?.origin === origin && other.header === header;
    });
    return secret === undefined || !agreed ? [] : [{ ...secret, origin, header }];
  });
};

const basic = /^Basic ([A-Za-z0-9+/=]+)$/i;

/** Fills one header. A client that sends `Basic base64(key:)` holds the placeholder in it. */
const fill = (value: string, { placeholder, value: secret }: Secret): string => {
  const [, encoded] = basic.exec(value) ?? [];
  if (encoded === undefined) return value.replaceAll(placeholder, () => secret);
  const text = Buffer.from(encoded, 'base64').toString('latin1');
  return text.includes(placeholder)
    ? `Basic ${Buffer.from(
        text.replaceAll(placeholder, () => secret),
        'latin1',
      ).toString('base64')}`
    : value;
};

type Headers = readonly (readonly [name: string, value: string])[];

/** The headers as they leave. Throws where a placeholder stands where its secret may not go. */
export const fillSecrets = (headers: Headers, origin: string, uses: readonly SecretUse[], known: Iterable<Secret>): Headers => {
  const filled = headers.map(([name, value]) => {
    const here = uses.filter((use) => use.origin === origin && use.header === name);
    return [name, here.reduce(fill, value)] as const;
  });
  for (const { placeholder } of known) {
    for (const [name, value] of filled)
      if (value.includes(placeholder))
        throw new EgressError('blocked', `the header ${name} holds a secret that is not granted for it here`);
  }
  return filled;
};
