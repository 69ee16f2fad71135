// Two listeners that call each other for ever, if they were let. The host knows the chain, and refuses the event that is in it already.
export default (router, { emitter }) => {
  const answer = async (calls, next) => {
    try {
      return await emitter.emitFilter(next, calls + 1, {});
    } catch (error) {
      return { calls, code: error.code, chain: error.extensions.chain, message: error.message };
    }
  };
  emitter.onFilter('echo.call', (calls) => answer(calls, 'echo.answer'));
  emitter.onFilter('echo.answer', (calls) => answer(calls, 'echo.call'));
  router.get('/', async (_req, res) => res.json(await emitter.emitFilter('echo.call', 1, {})));
};
