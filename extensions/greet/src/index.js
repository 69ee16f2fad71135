// The smallest extension that says something: three routes that answer with text.
export default {
  id: 'greet',
  handler: (router) => {
    router.get('/', (_req, res) => res.send('Hello, World!'));
    router.get('/intro', (_req, res) => res.send('Nice to meet you.'));
    router.get('/goodbye', (_req, res) => res.send('Goodbye!'));
  },
};
