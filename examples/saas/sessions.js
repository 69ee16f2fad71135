// Who signed in: a stub for what you have. Must never let a cookie say more than which session it is.
import { randomBytes } from 'node:crypto';

const users = new Map([
  ['ann', 'acme'],
  ['bob', 'birch'],
]);
const maxSessions = 10_000;

export const makeSessions = () => {
  const sessions = new Map();
  return {
    /** The cookie of a new session; null for a user nobody knows. */
    open(user) {
      const tenant = users.get(user);
      if (tenant === undefined) return null;
      const token = randomBytes(24).toString('base64url');
      if (sessions.size >= maxSessions) sessions.delete(sessions.keys().next().value);
      sessions.set(token, { user, tenant });
      return `session=${token}; Path=/; HttpOnly; SameSite=Lax`;
    },
    of(request) {
      const token = /(?:^|;\s*)session=([\w-]{32})(?:;|$)/.exec(request.headers.cookie ?? '')?.[1];
      return sessions.get(token) ?? null;
    },
  };
};
