// Short answers of the host's own. Must never carry a word of a guest's as anything but JSON.
import type { ServerResponse } from 'node:http';

export const writeText = (response: ServerResponse, status: number, type: string, text: string): void => {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(text);
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(body);
};

export const writeJson = (response: ServerResponse, status: number, value: unknown): void =>
  writeText(response, status, 'application/json; charset=utf-8', JSON.stringify(value));
