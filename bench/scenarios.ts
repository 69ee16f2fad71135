// What is asked of every peer, and what a right answer is. Must never favour one of them.

export const scenarioNames = ['hello', 'echo', 'database'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export interface Scenario {
  readonly name: ScenarioName;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Says what is wrong with an answer; undefined when it is right. */
  judge(body: string): string | undefined;
}

export const helloText = 'Hello, World!';
export const rowCount = 10;

/** About 1 KB of JSON. */
const echoBody = JSON.stringify({ id: 7, tags: ['one', 'two', 'three'], nested: { price: 12.5, open: true }, text: 'x'.repeat(920) });

const expectText = (expected: string, body: string): string | undefined =>
  body === expected ? undefined : `expected ${expected}, found ${body.slice(0, 200)}`;

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  hello: {
    name: 'hello',
    method: 'GET',
    path: '/bench/hello',
    headers: {},
    judge: (body) => expectText(helloText, body),
  },
  echo: {
    name: 'echo',
    method: 'POST',
    path: '/bench/echo/blue',
    headers: { 'content-type': 'application/json' },
    body: echoBody,
    judge: (body) => expectText(JSON.stringify({ name: 'blue', body: JSON.parse(echoBody) }), body),
  },
  database: {
    name: 'database',
    method: 'GET',
    path: '/bench/database',
    headers: {},
    judge: (body) => {
      const rows = parseJson(body);
      return Array.isArray(rows) && rows.length === rowCount && rows.every((row) => typeof row.title === 'string')
        ? undefined
        : `expected ${rowCount} rows, found ${body.slice(0, 200)}`;
    },
  },
};
