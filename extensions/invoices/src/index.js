// Hook and endpoint of one bundle share their module's state, one for each tenant.
const kept = 100;
const most = 1000;
const invoices = [];

class TooDearError extends Error {
  name = 'DirectusError';
  code = 'TOO_DEAR';
  status = 400;
  extensions = { most };
}

const invoicing = ({ filter, action }, { logger }) => {
  filter('orders.checked', (order) => {
    if (order.amount > most) throw new TooDearError(`${order.item} costs more than ${most}`);
    return { ...order, tax: order.amount * 0.2 };
  });
  action('orders.paid', ({ order }) => {
    invoices.push({ invoice: `R-${order.number}`, item: order.item, total: order.amount + order.tax });
    if (invoices.length > kept) invoices.shift();
    logger.info('an invoice for order %d', order.number);
  });
};

export const hooks = [{ name: 'invoicing', config: invoicing }];
export const endpoints = [{ name: 'invoices', config: (router) => router.get('/', (_req, res) => res.json(invoices)) }];
export const operations = [];
