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
    router.get('/database', async (_request, response) => {
      const rows = await database('bench_articles')
        .select('id', 'title', 'status', 'summary', 'views', 'published_at')
        .where({ status: 'published' })
        .orderBy('id')
        .limit(10);
      response.json(rows);
    });
  },
};
