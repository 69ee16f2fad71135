// Gives what guests see its own name back: the minifier shortens them, and libraries ask for constructor.name. Must never rename what has been named.

const named = new WeakSet<object>();

/** Names every function among the members after the key it stands under; an alias keeps the name it got first. */
export const nameMembers = <Members extends object>(members: Members): Members => {
  for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(members)) as [string, PropertyDescriptor][]) {
    if (typeof value !== 'function' || key === 'constructor' || named.has(value)) continue;
    const own = Object.getOwnPropertyDescriptor(value, 'name');
    if (own === undefined || !own.configurable) continue;
    named.add(value);
    Object.defineProperty(value, 'name', { value: key, configurable: true });
  }
  return members;
};
