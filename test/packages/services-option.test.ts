// The option `services`: what an embedder may register, and the one clear sentence for anything else. Must never call a service.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { servicesBounds } from '../../src/capabilities/services/bounds.ts';
import { defineService } from '../../src/capabilities/services/definition.ts';
import { parseServices } from '../../src/config/services.ts';
import { CloisterError } from '../../src/errors.ts';

const refuse = (): never => assert.fail('a service was called');
const mail = { send: refuse, count: 5 };
class ItemsService {
  constructor() {
    refuse();
  }
  readByQuery(): void {
    refuse();
  }
}
const method = { args: [true], effect: true };
const good = { kind: 'object', service: mail, methods: { send: method } };
const goodClass = { kind: 'class', service: ItemsService, methods: { readByQuery: method } };
const many = (count: number, value: unknown): object =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, value]));
const bound = (name: keyof typeof servicesBounds): number => servicesBounds[name].value;

describe('services are taken', () => {
  const rows: readonly (readonly [string, unknown])[] = [
    ['none', undefined],
    ['null', null],
    ['an object', { mail: good }],
    ['a class', { ItemsService: { ...goodClass, collection: true, joins: true, schema: () => refuse(), knex: {} } }],
    ['a factory', { f: { kind: 'factory', service: () => refuse(), collection: true, methods: { a: method } } }],
    ['a method of a prototype', { mail: { ...good, service: Object.create(mail) as object } }],
    ['as many services as the bound', many(bound('services'), good)],
    ['as many methods as the bound', { f: { kind: 'factory', service: () => refuse(), methods: many(bound('methods'), method) } }],
    [
      'as many arguments as the bound',
      { mail: { ...good, methods: { send: { args: Array.from({ length: bound('args') }, () => true), effect: true } } } },
    ],
    ['the longest name', { ['a'.repeat(bound('nameChars'))]: good }],
    ['what the helper gives', { mail: defineService({ kind: 'object', service: mail, methods: { send: { args: [], effect: false } } }) }],
  ];
  for (const [name, value] of rows) test(name, () => assert.ok(parseServices(value, 'options')));
  test('with what they say', () => {
    const found = parseServices({ ItemsService: { ...goodClass, collection: true } }, 'options').get('ItemsService');
    assert.deepEqual(
      [found?.kind, found?.collection, found?.joins, [...(found?.methods.keys() ?? [])]],
      ['class', true, false, ['readByQuery']],
    );
  });
  test('with their arguments compiled', () => {
    const args = [{ type: 'string' }, { type: 'integer' }];
    const check = (required: number | undefined) =>
      parseServices(
        { mail: { ...good, methods: { send: { args, effect: true, ...(required === undefined ? {} : { required }) } } } },
        'options',
      )
        .get('mail')
        ?.methods.get('send')?.check;
    const fits = (list: readonly unknown[], required?: number): boolean => check(required)?.(list) === null;
    assert.deepEqual([fits(['a', 1]), fits(['a']), fits(['a', 1, 2]), fits(['a', null]), fits([1, 1])], [true, false, false, false, false]);
    assert.deepEqual(
      [fits(['a'], 1), fits(['a', null], 1), fits([null, 1], 1), fits([], 0), fits([null, 1], 0), fits(['a', 'b'], 1)],
      [true, true, false, true, true, false],
    );
  });
});

describe('services are refused', () => {
  const withMethod = (changed: unknown): object => ({ mail: { ...good, methods: { send: changed } } });
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    ['a list', [], /options#\/services: expected an object of services by name, found an empty list/],
    ['a number', 5, /expected an object of services/],
    ['a name with a dash', { 'a-b': good }, /names of at most 64 letters/],
    ['the name constructor', { constructor: good }, /none that every object has, found "constructor"/],
    ['the name __proto__', JSON.parse('{"__proto__":{}}'), /found "__proto__"/],
    ['a longer name', { ['a'.repeat(bound('nameChars') + 1)]: good }, /names of at most/],
    ['one more than the bound', many(bound('services') + 1, good), /at most 200 services, found 201/],
    ['a bare class', { ItemsService }, /ItemsService: expected a definition with kind, service and methods, found a function/],
    ['a bare object', { mail }, /mail\/kind: expected "object" or "class" or "factory", found nothing/],
    ['another kind', { mail: { ...good, kind: 'toString' } }, /mail\/kind: expected/],
    ['an unknown key', { mail: { ...good, method: {} } }, /unknown key "method", did you mean "methods"\?/],
    ['a collection for an object', { mail: { ...good, collection: true } }, /unknown key "collection"/],
    ['joins for an object', { mail: { ...good, joins: true } }, /unknown key "joins"/],
    ['a schema for a factory', { f: { kind: 'factory', service: refuse, methods: { a: method }, schema: refuse } }, /unknown key "schema"/],
    ['an arrow function as class', { A: { ...goodClass, service: () => refuse() } }, /A\/service: expected a class/],
    ['a class as object', { A: { ...good, service: ItemsService } }, /A\/service: expected an object/],
    ['an object as factory', { A: { ...good, kind: 'factory' } }, /A\/service: expected a function/],
    ['a schema that is no function', { A: { ...goodClass, schema: {} } }, /A\/schema: expected a function/],
    ['collection that is no boolean', { A: { ...goodClass, collection: 'yes' } }, /A\/collection: expected true or false, found "yes"/],
    ['no methods', { mail: { ...good, methods: {} } }, /at least one method/],
    ['methods as a list', { mail: { ...good, methods: ['send'] } }, /mail\/methods: expected an object/],
    [
      'more methods than the bound',
      { f: { kind: 'factory', service: refuse, methods: many(bound('methods') + 1, method) } },
      /at most 200 methods/,
    ],
    [
      'a method that every object has',
      { mail: { ...good, methods: { toString: method } } },
      /none that every object has, found "toString"/,
    ],
    ['a method that promises are known by', { mail: { ...good, methods: Object.fromEntries([['then', method]]) } }, /found "then"/],
    [
      'a method the service has not',
      { mail: { ...good, methods: { sned: method } } },
      /methods\/sned: expected a method of the service, found nothing/,
    ],
    [
      'a member that is no method',
      { mail: { ...good, methods: { count: method } } },
      /methods\/count: expected a method of the service, found 5/,
    ],
    ['a method that is true', withMethod(true), /methods\/send: expected an object with args and effect, found true/],
    ['a method without arguments said', withMethod({ effect: true }), /send\/args: expected a list/],
    ['a method without effect said', withMethod({ args: [] }), /send\/effect: expected true, or false/],
    ['a misspelt key of a method', withMethod({ ...method, effekt: true }), /unknown key "effekt", did you mean "effect"\?/],
    [
      'one argument more than the bound',
      withMethod({ args: Array.from({ length: bound('args') + 1 }, () => true), effect: true }),
      /at most 16 JSON Schemas/,
    ],
    ['more required than there are', withMethod({ ...method, required: 2 }), /required: expected a whole number from 0 to 1, found 2/],
    ['half an argument required', withMethod({ ...method, required: 0.5 }), /required: expected/],
    ['a schema that is a text', withMethod({ args: ['string'], effect: true }), /args\/0: expected a JSON Schema, found "string"/],
    ['a schema with a type there is not', withMethod({ args: [{ type: 'text' }], effect: true }), /not JSON Schemas that ajv takes/],
    [
      'a schema with a misspelt keyword',
      withMethod({ args: [{ type: 'string', maxLenght: 5 }], effect: true }),
      /unknown keyword: "maxLenght"/,
    ],
    [
      'a schema with a format nobody knows',
      withMethod({ args: [{ type: 'string', format: 'email' }], effect: true }),
      /unknown format "email"/,
    ],
    [
      'a schema that refers elsewhere',
      withMethod({ args: [{ $ref: 'https://example.org/a.json' }], effect: true }),
      /can't resolve reference/,
    ],
    ['an asynchronous schema', withMethod({ args: [{ $async: true, type: 'string' }], effect: true }), /async/],
  ];
  for (const [name, value, message] of rows) {
    test(name, () =>
      assert.throws(
        () => parseServices(value, 'options'),
        (error) => error instanceof CloisterError && error.code === 'ERR_OPTIONS_INVALID' && message.test(error.message),
      ),
    );
  }
});
