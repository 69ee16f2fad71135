// Which files a path of a `files` grant covers: one answer for the host and for cells. Pure; imports nothing, must never look at a file.

/** `dir/*` covers what lies directly in it. */
export const coversPath = (granted: string, path: string): boolean => {
  if (!granted.endsWith('*')) return granted === path;
  const folder = granted.slice(0, -1);
  return path.startsWith(folder) && path.length > folder.length && !path.slice(folder.length).includes('/');
};
