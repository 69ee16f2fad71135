// The three handlers as an extension, for peer `cloister`. Must stay the same work as bench/servers/app.ts.
export default {
  id: 'bench',
  handler: (router, { database }) => {
    router.get('/hello', (_request, response) => {
      response.send('Hello, World!');
    });
    router.post('/echo/:name', (request, response) => {
      response.json({ name: request.params.name, body: request.body });
    });
    const articles = () =>
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
  },
};
