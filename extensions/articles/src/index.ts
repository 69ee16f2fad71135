// The table `articles` as a JSON API. Every query goes through the `database` capability, so through both of its walls.
import type { ErrorRequestHandler, Request, RequestHandler, Response, Router } from 'express';
import type { Knex } from 'knex';
import { parseChange, parseId, parseNew, parsePage, RequestError } from './article.ts';

interface Context {
  readonly database: Knex;
}

const table = 'articles';
const columns = ['id', 'title', 'status', 'body', 'views', 'published_at'];

/** Express 4 leaves a rejected promise alone; this hands it to the error middleware. */
const answer =
  (handler: (req: Request<{ id?: string }>, res: Response) => Promise<unknown>): RequestHandler<{ id?: string }> =>
  (req, res, next) => {
    handler(req, res).catch(next);
  };

const found = <Row>(row: Row | undefined, id: number): Row => {
  if (row === undefined) throw new RequestError(404, 'NOT_FOUND', `no article ${id}`);
  return row;
};

const sayError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (!(error instanceof RequestError)) return next(error);
  res.status(error.status).json({ errors: [{ message: error.message, extensions: { code: error.code } }] });
};

export default (router: Router, { database }: Context): void => {
  router.get(
    '/',
    answer(async (req, res) => {
      const { limit, offset, status } = parsePage(req.query);
      const chosen = database(table).modify((query) => {
        if (status !== undefined) query.where({ status });
      });
      const [rows, counted] = await Promise.all([
        chosen.clone().select(columns).orderBy('id').limit(limit).offset(offset),
        chosen.clone().count({ total: '*' }).first(),
      ]);
      res.json({ data: rows, meta: { total: Number(counted?.total ?? 0), limit, offset } });
    }),
  );

  router.get(
    '/:id',
    answer(async (req, res) => {
      const id = parseId(req.params.id);
      res.json({ data: found(await database(table).where({ id }).first(columns), id) });
    }),
  );

  router.post(
    '/',
    answer(async (req, res) => {
      const [row] = await database(table).insert(parseNew(req.body)).returning(columns);
      res.status(201).location(`${req.baseUrl}/${row.id}`).json({ data: row });
    }),
  );

  router.patch(
    '/:id',
    answer(async (req, res) => {
      const id = parseId(req.params.id);
      const [row] = await database(table).where({ id }).update(parseChange(req.body)).returning(columns);
      res.json({ data: found(row, id) });
    }),
  );

  router.delete(
    '/:id',
    answer(async (req, res) => {
      const id = parseId(req.params.id);
      const deleted = await database(table).where({ id }).delete();
      found(deleted === 0 ? undefined : deleted, id);
      res.status(204).end();
    }),
  );

  router.use(sayError);
};
