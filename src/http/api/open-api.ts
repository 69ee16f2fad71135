// The OpenAPI document of the operator's API, made of the routes and the schemas that check. Must never say what they do not.
import type { TObject, TSchema } from '#typebox';
import { type ErrorCode, errorTable } from '../../errors.ts';
import { type ApiRoute, apiRoutes } from './routes.ts';
import { components, extensionId } from './schemas.ts';
import { apiStatus } from './status-of.ts';

const ofEvery: readonly ErrorCode[] = ['ERR_REQUEST_INVALID', 'ERR_TOKEN_REFUSED', 'ERR_ROUTE_NOT_FOUND', 'ERR_INTERNAL'];

const json = (schema: TSchema | object): object => ({ 'application/json': { schema } });

const errorsOf = ({ refuses }: ApiRoute): object => {
  const byStatus = Map.groupBy([...ofEvery, ...refuses], apiStatus);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      String(status),
      {
        description: codes.map((code) => `${code}: ${errorTable[code].meaning}`).join(' '),
        content: json({ $ref: '#/components/schemas/Error' }),
      },
    ]),
  );
};

const parametersOf = ({ path, query }: ApiRoute): readonly object[] => {
  const required = new Set((query as TObject & { readonly required?: readonly string[] }).required ?? []);
  const inQuery = Object.entries(query.properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.has(name),
    schema: schema as TSchema,
  }));
  return path.includes('{extension}') ? [{ name: 'extension', in: 'path', required: true, schema: extensionId }, ...inQuery] : inQuery;
};

const operationOf = (route: ApiRoute): object => ({
  operationId: route.name,
  summary: route.summary,
  parameters: parametersOf(route),
  ...(route.archive === true
    ? { requestBody: { required: true, description: 'what `cloister pack` writes', content: { 'application/octet-stream': {} } } }
    : {}),
  responses: {
    200: { description: route.summary, content: json(route.answer ?? { type: 'object' }) },
    ...errorsOf(route),
  },
});

export const makeOpenApi = (): object => {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of apiRoutes) paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Cloister',
      version: '1.0.0',
      summary: 'What is deployed on hosts of Cloister, and changes to it',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/_cloister/api' }],
    security: [{ adminToken: [] }],
    paths,
    components: {
      schemas: components,
      securitySchemes: { adminToken: { type: 'http', scheme: 'bearer', description: 'the option adminToken' } },
    },
  };
};
