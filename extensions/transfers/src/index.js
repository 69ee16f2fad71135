// Transactions: rows locked in one order, a savepoint that may fail alone, a snapshot to read from. Everything else of a transfer is all or nothing.

const refuse = (status, message) => Object.assign(new Error(message), { status });

const parseTransfer = (body) => {
  const { from, to, amount, receipt = null } = body ?? {};
  const ids = [from, to];
  if (!ids.every(Number.isSafeInteger) || from === to) throw refuse(400, 'from and to: two different accounts');
  if (!Number.isSafeInteger(amount) || amount < 1) throw refuse(400, 'amount: a whole number above 0');
  if (receipt !== null && typeof receipt !== 'string') throw refuse(400, 'receipt: a text');
  return { from, to, amount, receipt };
};

/** A receipt is a courtesy: in a savepoint of its own, its failure takes nothing along. */
const tryReceipt = async (trx, transfer, text) => {
  try {
    await trx.transaction((savepoint) => savepoint('receipts').insert({ transfer_id: transfer, text }));
    return true;
  } catch {
    return false;
  }
};

const move = async (trx, { from, to, amount, receipt }) => {
  // Always in the order of their ids, so that two transfers against each other do not lock each other out.
  const accounts = await trx('accounts').whereIn('id', [from, to]).orderBy('id').forUpdate();
  const payer = accounts.find(({ id }) => id === from);
  if (accounts.length < 2) throw refuse(404, 'no such account');
  if (payer.balance < amount) throw refuse(409, `account ${from} has ${payer.balance}, less than ${amount}`);
  const [{ id }] = await trx('transfers').insert({ from_id: from, to_id: to, amount }).returning('id');
  await trx('accounts').where({ id: from }).decrement('balance', amount);
  await trx('accounts').where({ id: to }).increment('balance', amount);
  const receipted = receipt !== null && (await tryReceipt(trx, id, receipt));
  return { id, receipted };
};

export default (router, { database }) => {
  router.get('/', async (_req, res) => {
    // Both reads see the same moment.
    const snapshot = await database.transaction(
      async (trx) => ({
        accounts: await trx('accounts').select('id', 'owner', 'balance').orderBy('id'),
        transfers: await trx('transfers').count({ count: '*' }).first(),
      }),
      { isolationLevel: 'repeatable read', readOnly: true },
    );
    res.json({ data: snapshot.accounts, meta: { transfers: Number(snapshot.transfers.count) } });
  });

  router.post('/', async (req, res) => {
    const transfer = parseTransfer(req.body);
    res.status(201).json({ data: await database.transaction((trx) => move(trx, transfer)) });
  });
};
