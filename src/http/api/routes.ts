// The routes of the operator's API as data: what dispatches and what documents read the same table. Must never do what a route does.
import type { TObject, TSchema } from '#typebox';
import type { ErrorCode } from '../../errors.ts';
import {
  canaryQuery,
  changeAnswer,
  changeQuery,
  deployAnswer,
  deployQuery,
  extensionsAnswer,
  noQuery,
  releasesAnswer,
  releasesQuery,
  rollbackQuery,
  statusAnswer,
} from './schemas.ts';

export const actions = ['enable', 'disable', 'rollback', 'promote', 'return'] as const;
export type Action = (typeof actions)[number];

export interface ApiRoute {
  readonly name: 'document' | 'extensions' | 'releases' | 'status' | 'deploy' | Action;
  readonly method: 'GET' | 'POST';
  /** Below /_cloister/api. */
  readonly path: string;
  readonly summary: string;
  readonly query: TObject;
  /** The body is an archive. */
  readonly archive?: true;
  /** null: a document of another kind. */
  readonly answer: TSchema | null;
  /** Beside those of every route. */
  readonly refuses: readonly ErrorCode[];
}

const action = (name: Action, summary: string, query: TObject, refuses: readonly ErrorCode[]): ApiRoute => ({
  name,
  method: 'POST',
  path: `/extensions/{extension}/${name}`,
  summary,
  query,
  answer: changeAnswer,
  refuses: [
    'ERR_DEPLOYMENT_UNKNOWN',
    'ERR_REGISTRY_INVALID',
    'ERR_REGISTRY_UNAVAILABLE',
    'ERR_RUNTIME_CLOSED',
    'ERR_CAPACITY_EXCEEDED',
    ...refuses,
  ],
});

export const apiRoutes: readonly ApiRoute[] = [
  { name: 'document', method: 'GET', path: '/openapi.json', summary: 'This document', query: noQuery, answer: null, refuses: [] },
  {
    name: 'extensions',
    method: 'GET',
    path: '/extensions',
    summary: 'What this host serves, and what it refused and why',
    query: noQuery,
    answer: extensionsAnswer,
    refuses: [],
  },
  {
    name: 'releases',
    method: 'GET',
    path: '/releases',
    summary: 'Packed versions in the registry, the latest first',
    query: releasesQuery,
    answer: releasesAnswer,
    refuses: ['ERR_REGISTRY_INVALID', 'ERR_REGISTRY_UNAVAILABLE'],
  },
  {
    name: 'status',
    method: 'GET',
    path: '/status',
    summary: 'What is deployed, and what each host says it serves',
    query: noQuery,
    answer: statusAnswer,
    refuses: ['ERR_REGISTRY_INVALID', 'ERR_REGISTRY_UNAVAILABLE'],
  },
  {
    name: 'deploy',
    method: 'POST',
    path: '/deploy',
    summary: 'Takes an archive, tries it beside what serves, and deploys it: at once, or as a canary with a share of the requests',
    query: deployQuery,
    archive: true,
    answer: deployAnswer,
    refuses: [
      'ERR_BODY_TOO_LARGE',
      'ERR_ARCHIVE_INVALID',
      'ERR_ARCHIVE_UNTRUSTED',
      'ERR_PACKAGE_INVALID',
      'ERR_PACKAGE_BUNDLE',
      'ERR_MANIFEST_INVALID',
      'ERR_APPROVAL_NEEDED',
      'ERR_EXTENSION_CONFLICT',
      'ERR_REGISTER_FAILED',
      'ERR_DATABASE_UNSAFE',
      'ERR_OPTIONS_INVALID',
      'ERR_CANARY_INVALID',
      'ERR_CAPACITY_EXCEEDED',
      'ERR_REGISTRY_INVALID',
      'ERR_REGISTRY_UNAVAILABLE',
      'ERR_RUNTIME_CLOSED',
    ],
  },
  action('enable', 'Serves it again', changeQuery, ['ERR_EXTENSION_CONFLICT']),
  action('disable', 'Takes it out on every host; requests in flight finish', changeQuery, []),
  action('rollback', 'Back to the version before; a canary goes first', rollbackQuery, [
    'ERR_PREVIOUS_MISSING',
    'ERR_DEPLOYMENT_CHANGED',
    'ERR_EXTENSION_CONFLICT',
  ]),
  action('promote', 'Its canary takes everything', canaryQuery, ['ERR_CANARY_MISSING', 'ERR_EXTENSION_CONFLICT']),
  action('return', 'Its canary goes', canaryQuery, ['ERR_CANARY_MISSING']),
];

export interface Matched {
  readonly route: ApiRoute;
  /** As it stands in the path; not checked. */
  readonly extension: string;
}

const expressions = apiRoutes.map((route) => ({
  route,
  expression: new RegExp(`^${route.path.replaceAll('.', '\\.').replace('{extension}', '([^/]{1,200})')}$`),
}));

export const matchRoute = (method: string, path: string): Matched | null => {
  for (const { route, expression } of expressions) {
    const match = route.method === method ? expression.exec(path) : null;
    if (match !== null) return { route, extension: match[1] ?? '' };
  }
  return null;
};
