// Hostile on purpose: ways of taking memory. Each must end only its own request, and the next one must be answered.

const kept = [];

const forever = (bite) => {
  for (;;) kept.push(bite(kept.length));
};

const ways = {
  fill: () => new Array(2 ** 32 - 1).fill(0),
  arrays: () => forever(() => new Array(1_000).fill(1.5)),
  objects: () => forever((count) => ({ [`key${count}`]: count })),
  strings: () => forever((count) => `${count}`.repeat(10_000)),
  doubling: () => {
    let text = 'x';
    for (;;) text = JSON.stringify([text, text]);
  },
  map: () => {
    const map = new Map();
    for (;;) map.set(map.size, map.size);
  },
  keys: () => {
    const bag = {};
    for (let count = 0; ; count += 1) bag[count * 1_000_003] = count;
  },
  // Bytes that lie outside the heap.
  buffers: () => forever(() => new Uint8Array(1_048_576).fill(1)),
  promises: () => forever(() => new Promise(() => undefined)),
  later: async () => {
    await null;
    forever(() => new Array(1_000).fill(1.5));
  },
};

export default (router) => {
  router.get('/', (_req, res) => res.json({ ways: Object.keys(ways).map((way) => `/glutton/${way}`), kept: kept.length }));
  for (const [name, eat] of Object.entries(ways)) {
    router.get(`/${name}`, async (_req, res) => {
      await eat();
      res.send('still hungry');
    });
  }
};
