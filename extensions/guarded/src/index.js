// How a request passes guards, and how every way of failing ends in one place. Runs on Express 5: a rejected promise is an error too.
import { Router } from 'express';
import { askForJson, askForWord, note, Refused, startTrail } from './guards.js';

const makeInner = () => {
  const inner = Router();
  inner.use(askForWord);
  inner.get('/', (req, res) => res.json({ message: 'You are in.', trail: req.trail }));
  inner.post('/', askForJson, note('json'), (req, res) => res.status(201).json({ received: req.body, trail: req.trail }));
  return inner;
};

export default (router, { logger }) => {
  router.use(startTrail, note('outer'));
  router.get('/', note('first'), note('second'), (req, res) => res.json({ message: 'Anyone may read this.', trail: req.trail }));
  router.use('/inner', note('inner'), makeInner());

  router.get('/throws', () => {
    throw new Error('thrown at once');
  });
  router.get('/rejects', async () => {
    await null;
    throw new Error('thrown after an await');
  });
  router.get('/passes', (_req, _res, next) => next(new Refused(418, 'handed to next')));
  router.param('number', (req, _res, next, value) => {
    req.number = Number(value);
    next(Number.isInteger(req.number) ? undefined : new Refused(400, `${value} is no whole number`));
  });
  router.get('/double/:number', (req, res) => res.json({ double: req.number * 2 }));

  router.use((error, req, res, next) => {
    if (res.headersSent) return next(error);
    const status = error instanceof Refused ? error.status : 500;
    logger.warn({ status, path: req.path }, error.message);
    res.status(status).json({ error: error.message, trail: req.trail });
  });
};
