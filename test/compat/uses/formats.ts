// Parsers, writers and Directus's own libraries. Data only.
import { row } from './row.ts';
import type { PackageUse } from './use.ts';

export const formats: readonly PackageUse[] = [
  row(
    'csv-parse',
    ['5.6.0'],
    'sync and as a stream',
    `import { parse as parseStream } from 'csv-parse';\nimport { parse } from 'csv-parse/sync';`,
    `const rows = []; for await (const one of parseStream('a;b\\n1;2\\n', { delimiter: ';', columns: true })) rows.push(one); return [parse('a,b\\n1,"x, y"\\n', { columns: true, cast: true }), rows];`,
  ),
  row(
    'papaparse',
    ['5.5.3'],
    'parse and unparse',
    `import Papa from 'papaparse';`,
    `return [Papa.parse('a,b\\n1,"x"\\n', { header: true, dynamicTyping: true, skipEmptyLines: true }), Papa.unparse([{ a: 1, b: 'x,y' }])];`,
  ),
  row(
    'fast-xml-parser',
    ['4.5.3', '5.2.5'],
    'parse, build, validate',
    `import { XMLBuilder, XMLParser, XMLValidator } from 'fast-xml-parser';`,
    `return [new XMLParser({ ignoreAttributes: false }).parse('<a x="1"><b>2</b><b>&lt;</b></a>'), new XMLBuilder({}).build({ a: { b: [1, 2] } }), XMLValidator.validate('<a>') === true];`,
  ),
  row(
    'xml2js',
    ['0.6.2'],
    'parse and build',
    `import { Builder, parseStringPromise } from 'xml2js';`,
    `return [await parseStringPromise('<a x="1"><b>2</b></a>'), new Builder({ headless: true }).buildObject({ a: { b: 1 } }), await parseStringPromise('<a>').catch((error) => error.message.split('\\n')[0])];`,
  ),
  row(
    'cheerio',
    ['1.0.0'],
    'query and change HTML',
    `import { load } from 'cheerio';`,
    `const $ = load('<ul><li class="a">1</li><li>2</li></ul>'); $('li.a').text('one').addClass('b'); return [$('li').map((_, li) => $(li).text()).get(), $.html('ul'), $('li:last-child').text()];`,
  ),
  row(
    'marked',
    ['15.0.12'],
    'Markdown',
    `import { marked } from 'marked';`,
    `return marked.parse('# T\\n\\n* a\\n* **b** [l](http://x)\\n\\n\`\`\`js\\ncode\\n\`\`\`\\n\\n| a |\\n|---|\\n| 1 |\\n');`,
  ),
  row(
    'sanitize-html',
    ['2.17.0'],
    'cleaned HTML',
    `import sanitize from 'sanitize-html';`,
    `return [sanitize('<p onclick=x>a<script>b</script><a href="javascript:x">c</a><b>d</b></p>'), sanitize('<img src=x>', { allowedTags: ['img'], allowedAttributes: { img: ['src'] } })];`,
  ),
  row(
    'js-yaml',
    ['4.1.0'],
    'YAML',
    `import yaml from 'js-yaml';`,
    `return [yaml.load('a: [1, two]\\nb:\\n  - c: 2024-01-01\\n'), yaml.dump({ a: [1, { b: 'x: y' }] })];`,
  ),
  row(
    'qs',
    ['6.17.1'],
    'nested queries',
    `import qs from 'qs';`,
    `return [qs.parse('a[b][]=1&a[b][]=2&c.d=3', { allowDots: true }), qs.stringify({ a: { b: [1, 2] }, c: null })];`,
  ),
  row(
    'bignumber.js',
    ['9.3.1'],
    'decimal arithmetic',
    `import BigNumber from 'bignumber.js';`,
    `return [new BigNumber('0.1').plus('0.2').toString(), new BigNumber(2).pow(100).toFormat(), new BigNumber(1).div(3).toFixed(20)];`,
  ),
  row(
    'graphql',
    ['16.11.0'],
    'a schema and a query',
    `import { buildSchema, graphql } from 'graphql';`,
    `return graphql({ schema: buildSchema('type Query { hi(name: String!): String }'), source: '{ hi(name: "x") }', rootValue: { hi: ({ name }) => 'hi ' + name } });`,
  ),
  row(
    'p-limit',
    ['6.2.0'],
    'bounded concurrency',
    `import pLimit from 'p-limit';`,
    'const limit = pLimit(2); let most = 0; let now = 0; const run = (n) => limit(async () => { most = Math.max(most, ++now); await new Promise((resolve) => setTimeout(resolve, 3)); now -= 1; return n; }); return [await Promise.all([1, 2, 3, 4].map(run)), most];',
  ),
  row(
    'p-queue',
    ['8.1.0'],
    'a queue of promises',
    `import PQueue from 'p-queue';`,
    `const queue = new PQueue({ concurrency: 1 }); const seen = []; queue.add(() => void seen.push('a')); queue.add(() => void seen.push('b'), { priority: 1 }); await queue.onIdle(); return seen;`,
  ),
  row(
    '@isaacs/ttlcache',
    ['1.4.1'],
    'a cache with ages',
    `import TTLCache from '@isaacs/ttlcache';`,
    `const cache = new TTLCache({ max: 2, ttl: 1_000 }); cache.set('a', 1); cache.set('b', 2); cache.set('c', 3); return [cache.get('a') ?? null, cache.get('c'), cache.size];`,
  ),
  row(
    'countries-list',
    ['3.1.1'],
    'its data',
    `import { countries, getCountryCode } from 'countries-list';`,
    `return [countries.CH.name, getCountryCode('Ukraine')];`,
  ),
  row(
    'http-errors',
    ['2.0.1'],
    'errors with statuses',
    `import createError from 'http-errors';`,
    `const error = createError(404, 'none', { a: 1 }); return [error.status, error.name, error.expose, error.a, createError.isHttpError(error), new createError.BadRequest().message];`,
  ),
  row(
    'pdfkit',
    ['0.17.1'],
    'a PDF of one page, by its standalone build: the other reads font files of its package',
    `import PDFDocument from 'pdfkit/js/pdfkit.standalone.js';`,
    `const document = new PDFDocument({ info: { CreationDate: new Date(0) } }); const parts = []; document.on('data', (part) => parts.push(part)); const done = new Promise((resolve) => document.on('end', resolve)); document.fontSize(20).text('Hello').rect(10, 10, 20, 20).fill('red'); document.end(); await done; const pdf = Buffer.concat(parts); return [pdf.subarray(0, 5).toString('latin1'), pdf.includes('%%EOF'), pdf.length > 800];`,
  ),
  row(
    'exceljs',
    ['4.4.0'],
    'a workbook written and read',
    `import ExcelJS from 'exceljs';`,
    `const book = new ExcelJS.Workbook(); book.addWorksheet('S').addRow([1, 'two', new Date(0)]); const bytes = await book.xlsx.writeBuffer(); const back = new ExcelJS.Workbook(); await back.xlsx.load(bytes); return back.getWorksheet('S').getRow(1).values.slice(1);`,
  ),
  row(
    'xlsx',
    ['0.18.5'],
    'a workbook written and read',
    `import XLSX from 'xlsx';`,
    `const book = XLSX.utils.book_new(); XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([[1, 'two']]), 'S'); return XLSX.utils.sheet_to_json(XLSX.read(XLSX.write(book, { type: 'buffer', bookType: 'xlsx' })).Sheets.S, { header: 1 });`,
  ),
  row(
    'mime-types',
    ['3.0.2'],
    'types of names',
    `import mime from 'mime-types';`,
    `return [mime.lookup('a.pdf'), mime.contentType('x.html'), mime.extension('image/png')];`,
  ),
  row(
    '@directus/errors',
    ['2.0.2', '2.5.2'],
    'errors and their test',
    `import { createError, ForbiddenError, InvalidPayloadError, isDirectusError } from '@directus/errors';`,
    `const Own = createError('OWN', ({ a }) => 'own ' + a, 418); const one = new Own({ a: 1 }); return [one.message, one.code, one.status, isDirectusError(one, 'OWN'), new ForbiddenError().status, new InvalidPayloadError({ reason: 'r' }).message];`,
  ),
  row(
    '@directus/utils',
    ['13.0.8'],
    'helpers',
    `import { parseJSON, toArray, toBoolean } from '@directus/utils';`,
    `return [toArray('a,b'), toBoolean('true'), parseJSON('{"a":1}')];`,
  ),
  {
    name: '@directus/extensions-sdk',
    versions: ['18.0.4'],
    does: 'defineEndpoint and defineHook',
    source: `
import { defineEndpoint, defineHook } from '@directus/extensions-sdk';
const endpoint = defineEndpoint((router) => router.post('/', (req, res) => res.json([typeof defineHook(() => {}), 'defined'])));
export const mount = (router) => endpoint(router);`,
  },
  {
    name: 'express',
    versions: ['4.21.2', '5.3.0'],
    does: 'a router and middleware of its own',
    source: `
import express from 'express';
export const mount = (router) => {
  const own = express.Router();
  own.use((req, res, next) => { res.locals.seen = ['use']; next(); });
  own.param?.('id', (req, res, next, id) => { res.locals.seen.push(id); next(); });
  own.post('/', (req, res) => res.status(201).set('x-own', 'yes').json([...res.locals.seen, req.baseUrl.split('/').length > 0, typeof express.json, typeof express.static]));
  router.use(own);
};`,
  },
];
