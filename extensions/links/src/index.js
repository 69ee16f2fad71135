// Short links in the extension's own store. A visit is counted by compare and set, so none of many at once is lost.
const week = 7 * 24 * 60 * 60 * 1000;

export default (router, { kv }) => {
  const count = async (key) => {
    for (;;) {
      const entry = await kv.entry(key);
      if (entry === undefined) return undefined;
      const { value, version } = entry;
      const changed = { ...value, visits: value.visits + 1 };
      if ((await kv.set(key, changed, { ifVersion: version, ttlMs: week })) !== null) return value.to;
    }
  };

  router.put('/:name', async (req, res) => {
    const made = await kv.set(`link/${req.params.name}`, { to: String(req.body?.to), visits: 0 }, { ifVersion: null, ttlMs: week });
    res.status(made === null ? 409 : 201).json({ made: made !== null });
  });
  router.get('/:name', async (req, res) => {
    const to = await count(`link/${req.params.name}`);
    if (to === undefined) return res.status(404).json({ error: 'there is no such link, or nobody followed it for a week' });
    res.redirect(302, to);
  });
  router.get('/', async (_req, res) => {
    const { entries } = await kv.list({ prefix: 'link/', values: true });
    res.json(entries.map(({ key, value }) => ({ name: key.slice('link/'.length), ...value })));
  });
};
