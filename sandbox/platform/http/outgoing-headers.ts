// Which request headers leave a guest. Data; must hold no code. The host refuses what is here whoever sends it; leaving it out is what clients expect.

/** Clients set them as a matter of course; they are the host's own, and as in a browser nobody is told. */
export const transportHeaders: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What an extension can ask for; the capability's contract lists the same. */
export const outgoingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
