// What each tenant has bought. Must never give a tenant that nobody knows anything.
const perHour = (requests) => ({ tenant: { requests: { most: requests, perSeconds: 3_600 } } });

export const makePlans = () => {
  const plans = new Map([
    ['acme', { extensions: ['greet', 'notes'], quotas: perHour(1_000) }],
    ['birch', { extensions: ['notes'], quotas: perHour(5) }],
  ]);
  return {
    settingsOf: (tenant) => plans.get(tenant) ?? { extensions: [], quotas: perHour(0) },
    add(tenant, id) {
      const plan = plans.get(tenant);
      plans.set(tenant, { ...plan, extensions: [...new Set([...plan.extensions, id])] });
    },
  };
};
