// Requests to the outside: as far as the grant goes, with a secret that only the host knows.

const elsewhere = [
  'http://169.254.169.254/latest/meta-data/',
  'file:///etc/passwd',
  'https://example.com/',
  'http://127.0.0.1:8055/_cloister/health',
];

export default (router, { env }) => {
  router.get('/', async (_req, res) => {
    try {
      // What stands in env is a placeholder; the host puts the token in, in this header and to this origin alone.
      const answer = await fetch(env.GREETING_URL, { headers: { authorization: `Bearer ${env.COURIER_TOKEN}` } });
      res.json({ status: answer.status, said: await answer.text(), token: env.COURIER_TOKEN });
    } catch (error) {
      res.status(502).json({ error: error.message, cause: error.cause?.code, rule: error.cause?.extensions?.rule });
    }
  });

  router.get('/elsewhere', async (_req, res) => {
    const outcomes = await Promise.all(
      elsewhere.map((url) =>
        fetch(url).then(
          ({ status }) => [url, status],
          ({ cause }) => [url, cause.code, cause.extensions.rule],
        ),
      ),
    );
    res.json(outcomes);
  });
};
