// Hostile on purpose: ways of never giving the processor back. Each must end only its own request.

const spin = () => {
  for (;;);
};

const ways = {
  now: spin,
  later: async () => {
    await null;
    spin();
  },
  microtasks: () => {
    const again = () => Promise.resolve().then(again);
    return again();
  },
  timer: () => new Promise(() => setTimeout(spin, 1)),
  caught: () => {
    for (;;) {
      try {
        spin();
      } catch {
        // Whatever stops it, it goes on.
      }
    }
  },
  json: () => JSON.stringify({ toJSON: spin }),
  regexp: () => /^(a+)+$/.test(`${'a'.repeat(64)}b`),
  // One call of a built-in that the engine does not interrupt: only the end of the process helps.
  builtin: () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1),
  never: () => new Promise(() => undefined),
};

export default (router) => {
  router.get('/', (_req, res) => res.json({ ways: Object.keys(ways).map((way) => `/spinner/${way}`) }));
  for (const [name, spinThisWay] of Object.entries(ways)) {
    router.get(`/${name}`, async (_req, res) => {
      await spinThisWay();
      res.send('came back');
    });
  }
};
