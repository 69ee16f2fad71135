// An order is checked by whoever listens, then told to whoever listens: this extension knows neither.
export default {
  id: 'orders',
  handler: (router, { emitter }) => {
    let last = 0;
    const place = async (item, amount) => {
      // A filter: others may change the order, or refuse it by an error made to be told, which goes to the client as it is.
      const order = await emitter.emitFilter('orders.checked', { item, amount }, {});
      last += 1;
      const paid = { number: last, ...order };
      // An action: it is said, and the answer does not wait for who hears it.
      emitter.emitAction('orders.paid', { order: paid });
      return paid;
    };
    router.post('/', async (req, res, next) => {
      const { item, amount } = req.body ?? {};
      if (typeof item !== 'string' || !Number.isFinite(amount)) return res.status(400).json({ error: 'item and amount, please' });
      try {
        res.status(201).json(await place(item, amount));
      } catch (error) {
        next(error);
      }
    });
    router.get('/', (_req, res) => res.json({ orders: last }));
  },
};
