// A folder with one CommonJS file is an extension too: no package.json, no build, no manifest, and so the baseline only.
const started = Date.now();
let requests = 0;

module.exports = function register(router, { logger }) {
  router.get('/', (req, res) => {
    requests += 1;
    logger.info({ requests }, 'asked');
    res.json({ message: 'No package.json needed.', requests, upMs: Date.now() - started, query: req.query });
  });
};
