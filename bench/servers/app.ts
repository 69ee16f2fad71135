// The three handlers as a plain Express 5 app, for the peers that run Express itself. Must stay the same work as bench/extensions/bench.
import express, { type Express } from 'express';
import knex, { type Knex } from 'knex';
import { helloText } from '../scenarios.ts';

export const openDatabase = (url: string): Knex => knex({ client: 'pg', connection: url, pool: { min: 0, max: 10 } });

export const makeApp = (database: Knex): Express => {
  const app = express();
  const router = express.Router();
  app.use(express.json());
  router.get('/hello', (_request, response) => {
    response.send(helloText);
  });
  router.post('/echo/:name', (request, response) => {
    response.json({ name: request.params.name, body: request.body });
  });
  const articles = (): Knex.QueryBuilder =>
    database('bench_articles')
      .select('id', 'title', 'status', 'summary', 'views', 'published_at')
      .where({ status: 'published' })
      .orderBy('id')
      .limit(10);
  router.get('/database', async (_request, response) => {
    response.json(await articles());
  });
  router.get('/queries/:count', async (request, response) => {
    for (let left = Number(request.params.count); left > 0; left -= 1) await articles();
    response.send('done');
  });
  router.get('/builds/:count', (request, response) => {
    for (let left = Number(request.params.count); left > 0; left -= 1) articles().toSQL();
    response.send('done');
  });
  app.use('/bench', router);
  return app;
};
