// HTTP clients and SDKs on top of them, each against the local upstream. Data only.
import type { PackageUse } from './use.ts';

const axios = `
import axios from 'axios';
export const use = async ({ origin }) => {
  const client = axios.create({ baseURL: origin, headers: { 'x-custom': 'yes' }, timeout: 5_000 });
  const got = await client.get('/json', { params: { a: [1, 2] } });
  const posted = await client.post('/echo', { b: 'ü' });
  const form = await client.post('/echo', new URLSearchParams({ c: 'd' }));
  const failed = await client.get('/status?code=418').catch((error) => [axios.isAxiosError(error), error.code, error.response.status, error.response.data, error.message]);
  const hooked = axios.create({ baseURL: origin });
  hooked.interceptors.request.use((config) => { config.headers['x-custom'] = 'hook'; return config; });
  const bytes = await client.get('/bytes', { responseType: 'arraybuffer' });
  const redirected = await client.get('/redirect');
  return [got.status, got.data, got.headers['content-type'], posted.data, form.data, failed, (await hooked.delete('/echo')).data, Buffer.from(bytes.data).length, redirected.data, (await client.get('/gzip')).data];
};`;

const got = `
import got from 'got';
export const use = async ({ origin }) => {
  const client = got.extend({ prefixUrl: origin, retry: { limit: 0 }, headers: { 'x-custom': 'yes' } });
  const failed = await client('status', { searchParams: { code: 404 } }).catch((error) => [error.name, error.code, error.response?.statusCode]);
  return [await client('json').json(), await client.post('echo', { json: { a: 1 } }).json(), await client('redirect').json(), failed, (await client('gzip')).body, (await client('bytes').buffer()).length];
};`;

const nodeFetch = `
import fetch from 'node-fetch';
export const use = async ({ origin }) => {
  const response = await fetch(origin + '/json');
  const posted = await fetch(origin + '/echo', { method: 'POST', body: JSON.stringify({ a: 1 }), headers: { 'content-type': 'application/json', 'x-custom': 'yes' } });
  const failed = await fetch(origin + '/status?code=503');
  return [response.ok, response.headers.get('content-type'), await response.json(), await posted.json(), failed.status, failed.statusText, await failed.text(), (await (await fetch(origin + '/bytes')).arrayBuffer()).byteLength, await (await fetch(origin + '/gzip')).json(), (await fetch(origin + '/redirect')).url.endsWith('/json')];
};`;

export const httpClients: readonly PackageUse[] = [
  {
    name: 'axios',
    versions: ['0.21.4', '0.27.2', '1.6.8', '1.21.1'],
    does: 'GET, POST, forms, errors, interceptors, bytes, redirects, gzip',
    source: axios,
  },
  { name: 'got', versions: ['11.8.6', '14.4.9'], does: 'GET, POST, redirects, errors, gzip, bytes', source: got },
  { name: 'node-fetch', versions: ['2.7.0', '3.3.2'], does: 'GET, POST, statuses, bytes, gzip, redirects', source: nodeFetch },
  {
    name: 'ky',
    versions: ['1.14.0'],
    does: 'GET, POST, hooks, errors',
    source: `
import ky from 'ky';
export const use = async ({ origin }) => {
  const client = ky.create({ prefixUrl: origin, retry: 0, headers: { 'x-custom': 'yes' } });
  const failed = await client.get('status?code=400').catch((error) => [error.name, error.response.status]);
  return [await client.get('json').json(), await client.post('echo', { json: { a: 1 } }).json(), failed, await client.get('redirect').text()];
};`,
  },
  {
    name: 'superagent',
    versions: ['10.4.2'],
    does: 'GET, POST, queries, errors',
    source: `
import superagent from 'superagent';
export const use = async ({ origin }) => {
  const got = await superagent.get(origin + '/json').query({ a: 1 }).set('x-custom', 'yes');
  const posted = await superagent.post(origin + '/echo').send({ b: 2 }).set('x-custom', 'yes');
  const failed = await superagent.get(origin + '/status?code=404').catch((error) => [error.status, error.message]);
  return [got.status, got.body, got.type, posted.body, failed, (await superagent.get(origin + '/redirect')).body];
};`,
  },
  {
    name: 'form-data',
    versions: ['4.0.6'],
    beside: { axios: '1.21.1' },
    does: 'a multipart upload by axios',
    source: `
import FormData from 'form-data';
import axios from 'axios';
export const use = async ({ origin }) => {
  const form = new FormData();
  form.append('field', 'value');
  form.append('file', Buffer.from('content'), { filename: 'a.txt', contentType: 'text/plain' });
  const { data } = await axios.post(origin + '/echo', form, { headers: form.getHeaders() });
  return [data.type.split(';')[0], data.body.includes('filename="a.txt"'), data.body.includes('content'), form.getLengthSync() > 100];
};`,
  },
  {
    name: 'stripe',
    versions: ['17.7.0', '23.1.0'],
    does: 'create a customer, an error, and check a signed webhook',
    source: `
import Stripe from 'stripe';
export const use = async ({ origin }) => {
  const { hostname, port } = new URL(origin);
  const stripe = new Stripe('sk_test_1', { host: hostname, port: Number(port), protocol: 'http', maxNetworkRetries: 0, telemetry: false });
  const customer = await stripe.customers.create({ name: 'Ann', metadata: { a: 'b' } });
  const failed = await stripe.customers.retrieve('cus_none').catch((error) => [error.type, error.code, error.statusCode, error.message]);
  const payload = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.succeeded' });
  const header = stripe.webhooks.generateTestHeaderString({ payload, secret: 'whsec_1' });
  const forged = (() => { try { return stripe.webhooks.constructEvent(payload, header.replace(/v1=.{6}/, 'v1=000000'), 'whsec_1'); } catch (error) { return error.type; } })();
  return [customer.id, customer.name, failed, stripe.webhooks.constructEvent(payload, header, 'whsec_1').type, forged, (await stripe.webhooks.constructEventAsync(payload, header, 'whsec_1')).id];
};`,
  },
  {
    name: 'openai',
    versions: ['4.104.0', '7.55.0'],
    does: 'a chat completion, whole and streamed, and an error',
    source: `
import OpenAI from 'openai';
export const use = async ({ origin }) => {
  const client = new OpenAI({ apiKey: 'sk-1', baseURL: origin + '/v1', maxRetries: 0 });
  const messages = [{ role: 'user', content: 'hi' }];
  const whole = await client.chat.completions.create({ model: 'm', messages });
  const parts = [];
  for await (const part of await client.chat.completions.create({ model: 'm', messages, stream: true })) parts.push(part.choices[0].delta.content);
  const failed = await client.models.retrieve('none').catch((error) => [error.status, error.name, error.message]);
  return [whole.choices[0].message.content, parts, failed];
};`,
  },
  {
    name: '@aws-sdk/client-s3',
    versions: ['3.850.0'],
    does: 'put, get and list objects, and an error',
    source: `
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
export const use = async ({ origin }) => {
  const client = new S3Client({ region: 'eu-west-1', endpoint: origin, forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId: 'AKIA1', secretAccessKey: 's' }, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' });
  const put = await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'a/b.txt', Body: 'hello', ContentType: 'text/plain' }));
  const got = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'a/b.txt' }));
  const listed = await client.send(new ListObjectsV2Command({ Bucket: 'bucket' }));
  const failed = await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'none' })).catch((error) => [error.name, error.$metadata.httpStatusCode]);
  return [put.ETag, await got.Body.transformToString(), listed.Contents.map(({ Key, Size }) => [Key, Size]), failed];
};`,
  },
  {
    name: 'graphql-request',
    versions: ['6.1.0'],
    beside: { graphql: '16.11.0' },
    does: 'a query',
    source: `
import { gql, GraphQLClient } from 'graphql-request';
export const use = async ({ origin }) => new GraphQLClient(origin + '/graphql', { headers: { 'x-custom': 'yes' } }).request(gql\`query One($id: ID!) { one(id: $id) { id } }\`, { id: '7' });`,
  },
  {
    name: '@directus/sdk',
    versions: ['26.0.0'],
    does: 'read items over REST with a static token',
    source: `
import { createDirectus, createItem, readItems, rest, staticToken } from '@directus/sdk';
export const use = async ({ origin }) => {
  const client = createDirectus(origin).with(staticToken('t')).with(rest());
  return [await client.request(readItems('articles', { fields: ['id'], filter: { id: { _gt: 1 } } })), await client.request(createItem('articles', { title: 'x' }))];
};`,
  },
  {
    name: 'meilisearch',
    versions: ['0.49.0'],
    does: 'a search',
    source: `
import { MeiliSearch } from 'meilisearch';
export const use = async ({ origin }) => new MeiliSearch({ host: origin, apiKey: 'k' }).index('books').search('prince', { limit: 1 });`,
  },
];
