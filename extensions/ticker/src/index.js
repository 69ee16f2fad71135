// Server-sent events: a stream that goes on for as long as bytes flow, and a timer that ends with its client.

const maxTicks = 1_000;

const parseNumber = (text, fallback, min, max) => {
  const number = Number(text ?? fallback);
  return Number.isFinite(number) ? Math.min(Math.max(number, min), max) : fallback;
};

export default (router) => {
  router.get('/', (req, res) => {
    const ticks = parseNumber(req.query.ticks, 5, 1, maxTicks);
    const everyMs = parseNumber(req.query.everyMs, 500, 10, 4_000);
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    // A reader that lost the stream says how far it got.
    let tick = parseNumber(req.get('last-event-id'), 0, 0, maxTicks);
    const last = tick + ticks;
    const timer = setInterval(() => {
      tick += 1;
      res.write(`id: ${tick}\nevent: tick\ndata: ${JSON.stringify({ tick, of: last })}\n\n`);
      if (tick < last) return;
      clearInterval(timer);
      res.end();
    }, everyMs);
    res.on('close', () => clearInterval(timer));
  });
};
