// What is read most, and a mail of it. Both are services of the host: this code only names them.
const query = {
  fields: ['title', 'views'],
  filter: { status: { _eq: 'published' } },
  sort: ['-views'],
  limit: 3,
};

const refusalOf = async (call) => {
  try {
    return { answered: await call() };
  } catch (error) {
    return { code: error.code };
  }
};

export default {
  id: 'digest',
  handler: (router, { services }) => {
    const { ItemsService, MailService, UsersService } = services;

    const readTop = ({ schema, accountability }) => new ItemsService('articles', { schema, accountability }).readByQuery(query);

    router.get('/', async (req, res) => {
      res.json({ data: await readTop(req) });
    });

    router.post('/', async (req, res, next) => {
      try {
        const top = await readTop(req);
        const mail = new MailService({ schema: req.schema, accountability: req.accountability });
        const queued = await mail.send({
          to: req.body.to,
          subject: 'Read most',
          text: top.map(({ title, views }) => `${title} (${views})`).join('\n'),
        });
        res.status(202).json({ data: queued });
      } catch (error) {
        next(error);
      }
    });

    router.get('/beyond', async ({ schema }, res) => {
      // Whatever is claimed here, the call runs under the request's own accountability and this extension's grants.
      const options = { schema, accountability: { admin: true } };
      res.json({
        granted: Object.keys(services).sort(),
        method: await refusalOf(() => new ItemsService('articles', options).deleteByQuery({ limit: -1 })),
        collection: await refusalOf(() => new ItemsService('other_articles', options).readByQuery({})),
        service: await refusalOf(() => new UsersService(options).readByQuery({})),
        field: await refusalOf(() => new ItemsService('articles', options).readByQuery({ fields: ['no_such_field'] })),
      });
    });
  },
};
