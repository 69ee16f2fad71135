// An extension that says so many events as it is asked for. Must never hear any.
import { emitting } from '../helpers/hook.ts';
import type { Files } from '../packages/package-writer.ts';

export const makeTalks = (limits: object): Files =>
  emitting(
    `export default (router, { emitter }) => router.get('/:from/:count', (req, res) => {
      const from = Number(req.params.from);
      for (let n = from; n < from + Number(req.params.count); n += 1) emitter.emitAction('work.' + n, { n });
      res.json('said');
    });`,
    { emit: ['work.*'] },
    limits,
  );
