// What a client may write into an article, and how a request says so. Knows neither routes nor the database.

export interface ArticleChange {
  title?: string;
  status?: string;
  body?: string;
  published_at?: string | null;
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
  readonly status: string | undefined;
}

export const statuses: readonly string[] = ['draft', 'published', 'archived'];

const maxTitleLength = 200;
const maxBodyLength = 20_000;
const maxLimit = 50;

export class RequestError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const invalid = (message: string): RequestError => new RequestError(400, 'INVALID_PAYLOAD', message);

const readers: Readonly<Record<keyof ArticleChange, (value: unknown) => string | null>> = {
  title(value) {
    if (typeof value === 'string' && value.trim() !== '' && value.length <= maxTitleLength) return value.trim();
    throw invalid(`title must be text of 1 to ${maxTitleLength} characters`);
  },
  status(value) {
    if (typeof value === 'string' && statuses.includes(value)) return value;
    throw invalid(`status must be one of ${statuses.join(', ')}`);
  },
  body(value) {
    if (typeof value === 'string' && value.length <= maxBodyLength) return value;
    throw invalid(`body must be text of at most ${maxBodyLength} characters`);
  },
  published_at(value) {
    if (value === null) return null;
    if (typeof value === 'string' && !Number.isNaN(Date.parse(value))) return new Date(value).toISOString();
    throw invalid('published_at must be a date or null');
  },
};

const isField = (name: string): name is keyof ArticleChange => Object.hasOwn(readers, name);

/** Only known fields, each checked; anything else is the client's mistake and is said so. */
export const parseChange = (input: unknown): ArticleChange => {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) throw invalid('the body must be a JSON object');
  const change: Record<string, string | null> = {};
  for (const [name, value] of Object.entries(input)) {
    if (!isField(name)) throw invalid(`unknown field "${name}"`);
    change[name] = readers[name](value);
  }
  if (Object.keys(change).length === 0) throw invalid('nothing to write');
  return change;
};

export const parseNew = (input: unknown): ArticleChange => {
  const change = parseChange(input);
  if (change.title === undefined) throw invalid('title is missing');
  return { status: 'draft', body: '', ...change };
};

const parseCount = (value: unknown, name: string, fallback: number, max: number): number => {
  if (value === undefined) return fallback;
  const count = typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : Number.NaN;
  if (count <= max) return count;
  throw new RequestError(400, 'INVALID_QUERY', `${name} must be a number from 0 to ${max}`);
};

export const parsePage = (query: Readonly<Record<string, unknown>>): Page => {
  const { status } = query;
  if (status !== undefined && (typeof status !== 'string' || !statuses.includes(status))) {
    throw new RequestError(400, 'INVALID_QUERY', `status must be one of ${statuses.join(', ')}`);
  }
  return { limit: parseCount(query.limit, 'limit', 10, maxLimit), offset: parseCount(query.offset, 'offset', 0, 999_999), status };
};

/** The largest value of an `integer` column: a larger id is no row, and no reason to bother the database. */
const maxId = 2_147_483_647;

export const parseId = (text: string | undefined): number => {
  const id = /^\d{1,10}$/.test(text ?? '') ? Number(text) : 0;
  if (id >= 1 && id <= maxId) return id;
  throw new RequestError(404, 'NOT_FOUND', `no article ${text ?? ''}`);
};
