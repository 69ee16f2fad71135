// Every five seconds, on one of all hosts that share the database: drafts without a word in them go to the archive.
export default ({ schedule }, { database, logger }) => {
  schedule('*/5 * * * * *', async () => {
    const archived = await database('articles').where({ status: 'draft', body: '' }).update({ status: 'archived' });
    if (archived > 0) logger.info('%d empty drafts archived', archived);
  });
};
