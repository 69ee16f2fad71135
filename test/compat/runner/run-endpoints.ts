// Runs Directus packages from npm as they are: loaded, registered, asked, with a database that has the tables they expect and services that stand for Directus's. Must never change a file of theirs.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineService } from '../../../src/index.ts';
import { openTestDatabase } from '../../helpers/postgres.ts';
import { openTestRuntime, type TestRuntime } from '../../helpers/runtime.ts';
import type { EndpointPackage, EndpointRequest } from '../uses/endpoints.ts';
import { installPackages } from './install.ts';
import type { EndpointResult } from './results.ts';

/** Where npm put it, with its own dependencies below it. */
const installEndpoint = async ({ name, version }: EndpointPackage, cache: string): Promise<string> => {
  const folder = path.join(cache, `${name}-${version}`.replace(/[^a-z0-9]+/gi, '-'));
  const stamp = path.join(folder, '.installed');
  if (!existsSync(stamp)) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{}');
    await installPackages(folder, { [name]: version }, ['--install-strategy=nested', '--legacy-peer-deps']);
    await writeFile(stamp, '');
  }
  return path.join(folder, 'node_modules', name);
};

/** Directus's services, as far as these packages ask them: an embedder inside Directus hands over the real ones. */
const standIns = () => {
  const flow = { id: 'f1', flow_manager_success_counter: 2, flow_manager_error_counter: 3, operations: [{ id: 'o1', name: 'Op' }] };
  const readByQuery = { args: [{ type: 'object' }], effect: false };
  const flows = {
    readByQuery: (query: { readonly filter: { readonly id: { readonly _eq: string } } }) =>
      Promise.resolve(query.filter.id._eq === 'f1' ? [flow] : []),
  };
  const specification = {
    generate: () =>
      Promise.resolve({ openapi: '3.0.1', info: { title: 'API', version: '1', description: '' }, paths: {}, tags: [], components: {} }),
  };
  return {
    FlowsService: defineService({ kind: 'object', service: flows, methods: { readByQuery } }),
    ActivityService: defineService({ kind: 'object', service: { readByQuery: () => Promise.resolve([]) }, methods: { readByQuery } }),
    SpecificationService: defineService({ kind: 'object', service: specification, methods: { generate: { args: [], effect: false } } }),
  };
};

const answers = async (
  runtime: TestRuntime,
  mount: string,
  { method, path: route, body, status, has = '' }: EndpointRequest,
): Promise<string> => {
  const reply = await runtime.request(`${mount}${route}`, { method, ...(body === undefined ? {} : { body }) });
  return reply.status === status && reply.text.includes(has) ? '' : `${method} ${route} gave ${reply.status} ${reply.text.slice(0, 160)}`;
};

export const runEndpoint = async (given: EndpointPackage, cache: string, origin: string): Promise<EndpointResult> => {
  const { name, version, id, mount, capabilities, tables, requests, why } = JSON.parse(
    JSON.stringify(given).replaceAll('ORIGIN', origin),
  ) as EndpointPackage;
  const result = { name, version, kind: given.kind, loads: false, registers: false, asked: requests.length, answers: 0, note: why };
  const folder = await installEndpoint(given, cache);
  const database = await openTestDatabase(tables);
  const services = standIns();
  const granted = { services: Object.fromEntries(Object.keys(services).map((service) => [service, { methods: true }])) };
  const runtime = await openTestRuntime({
    extensions: {},
    options: {
      database: database.url,
      services,
      extensions: [{ folder, id }],
      egress: { internalOrigins: [origin] },
      approvals: {
        [id]: {
          capabilities: 'requested',
          manifest: { capabilities: { ...granted, ...capabilities }, limits: { cpuMs: 5_000, registerMs: 10_000, wallMs: 10_000 } },
        },
      },
      identify: () => ({ tenant: 'default', accountability: { user: 'u1', role: 'r1', roles: ['r1'], admin: true, app: true, ip: null } }),
    },
  });
  try {
    const [refused] = runtime.runtime.refused();
    if (refused !== undefined) {
      const { code, message } = refused.error;
      return { ...result, loads: code === 'ERR_REGISTER_FAILED', note: why === '' ? `${code}: ${message}` : why };
    }
    const failures: string[] = [];
    for (const request of requests) failures.push(await answers(runtime, mount, request));
    const wrong = failures.filter((failure) => failure !== '');
    return {
      ...result,
      loads: true,
      registers: true,
      answers: requests.length - wrong.length,
      note: why === '' ? wrong.join('; ') : why,
    };
  } finally {
    await runtime.close();
    await database.close();
  }
};
