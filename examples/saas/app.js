// A small SaaS: two tenants, each with its own extensions, quotas and audit, and extensions that a tenant deploys while it runs. Must never take a tenant's word for who it is.
import { mkdir } from 'node:fs/promises';
import { auditMeter, createRuntime } from 'cloister';
import express from 'express';
import { writeExtension } from './extensions.js';
import { makePlans } from './plans.js';
import { makeSessions } from './sessions.js';

const data = process.env.DATA ?? `${import.meta.dirname}/.data`;
const ledger = `${data}/ledger.ndjson`;
await mkdir(`${data}/extensions`, { recursive: true });

const sessions = makeSessions();
const plans = makePlans();

const runtime = await createRuntime({
  extensions: [`${import.meta.dirname}/../../extensions/greet`, `${import.meta.dirname}/packages`, `${data}/extensions`],
  approvals: 'requested',
  // What any extension may be given at most, whoever wrote it and whatever it asks for.
  ceiling: { capabilities: { router: {}, log: {}, kv: {} } },
  ledger: { file: ledger },
  identify: (request) => {
    const session = sessions.of(request);
    return session === null
      ? { tenant: 'nobody', accountability: null }
      : { tenant: session.tenant, accountability: { user: session.user, role: null, admin: false, app: false } };
  },
  resolveTenant: (tenant) => plans.settingsOf(tenant),
});

const app = express();

app.post('/sign-in', express.json(), (request, response) => {
  const cookie = sessions.open(request.body?.user);
  if (cookie === null) return response.status(401).json({ error: 'nobody of that name' });
  response.set('set-cookie', cookie).status(204).end();
});

/** What is a tenant's own business is for its users alone. */
const signedIn = (request, response, next) => {
  const session = sessions.of(request);
  if (session === null) return response.status(401).json({ error: 'sign in first' });
  response.locals.tenant = session.tenant;
  next();
};

app.get('/account/audit', signedIn, (_request, response) => {
  const { tenant } = response.locals;
  const entries = runtime.ledger().filter((entry) => entry.tenant === tenant && entry.kind !== 'life');
  response.json(
    entries.map(({ time, kind, extension, request, path, status, outcome }) => ({ time, kind, extension, request, path, status, outcome })),
  );
});

app.get('/account/usage', signedIn, async (_request, response) => {
  const { tenant } = response.locals;
  const { rows } = await auditMeter({ ledger, tenant, by: 'day', partial: true });
  response.json({
    quotas: plans.settingsOf(tenant).quotas,
    used: rows.map(({ from, extension, requests, cpuMs, bytesOut }) => ({ from, extension, requests, cpuMs, bytesOut })),
  });
});

app.post('/account/extensions/:name', signedIn, express.text({ type: '*/*', limit: '200kb' }), async (request, response) => {
  const { tenant } = response.locals;
  const id = await writeExtension(`${data}/extensions`, tenant, request.params.name, request.body);
  if (id === null) return response.status(400).json({ error: 'a name is three to thirty letters, a to z' });
  await runtime.reload();
  const refused = runtime.refused().find(({ folder }) => folder.endsWith(`/${id}`));
  if (refused !== undefined) return response.status(422).json({ error: refused.error.message });
  plans.add(tenant, id);
  runtime.forgetTenant(tenant);
  response.status(201).json({ at: `/${id}` });
});

app.use(runtime.handler());

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
// Node would answer these itself, and read on behind a body whose end Cloister finds in doubt.
server.on('checkExpectation', app);

process.once('SIGTERM', async () => {
  server.close();
  await runtime.close();
});
