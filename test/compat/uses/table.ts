// Every package the compatibility run fetches. Data only.
import { formats } from './formats.ts';
import { httpClients } from './http-clients.ts';
import { plain } from './plain.ts';
import { security } from './security.ts';
import type { PackageUse } from './use.ts';

export const packageUses: readonly PackageUse[] = [...httpClients, ...security, ...plain, ...formats];
