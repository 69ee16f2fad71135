// From a filter as it was written to one that is understood. Must never let a name through that may not be read, nor a value of the wrong kind.
import { itemsBounds } from './bounds.ts';
import { type Condition, everything } from './condition.ts';
import { invalidQuery } from './errors.ts';
import { type Expression, kindOf, parseJsonPath, readableMany, readableOne, resolveExpression } from './expression.ts';
import { parseFieldName, splitPath } from './field-name.ts';
import type { Collection, Model, ToMany, ToOne } from './model.ts';
import { isOperator, parseJsonTest, parseTest } from './operators.ts';

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What all filters of one query may hold together. */
export class FilterBudget {
  #conditions = 0;
  take(): void {
    this.#conditions += 1;
    if (this.#conditions > itemsBounds.conditions.value)
      throw invalidQuery(`The query holds more than ${String(itemsBounds.conditions.value)} conditions`);
  }
}

const all = (parts: readonly Condition[]): Condition => (parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'all', parts });

class FilterParser {
  readonly #model: Model;
  readonly #budget: FilterBudget;
  constructor(model: Model, budget: FilterBudget) {
    this.#model = model;
    this.#budget = budget;
  }

  filter(value: unknown, collection: Collection, depth: number): Condition {
    if (depth > itemsBounds.filterDepth.value) throw invalidQuery('The filter is nested too deeply');
    if (!isObject(value)) throw invalidQuery('A filter has to be an object');
    return all(Object.entries(value).map(([key, inner]) => this.#entry(key, inner, collection, depth)));
  }

  #entry(key: string, value: unknown, collection: Collection, depth: number): Condition {
    if (key === '_and' || key === '_or') {
      if (!Array.isArray(value)) throw invalidQuery(`"${key}" has to be an array`);
      this.#budget.take();
      const parts = value.map((one: unknown) => this.filter(one, collection, depth + 1));
      // An empty list says nothing, as in Directus.
      if (parts.length === 0) return everything;
      return key === '_and' ? all(parts) : { kind: 'any', parts };
    }
    const [first = '', ...rest] = splitPath(key);
    const inner = rest.length === 0 ? value : { [rest.join('.')]: value };
    return this.#field(first, inner, collection, depth);
  }

  #field(key: string, value: unknown, collection: Collection, depth: number): Condition {
    if (!isObject(value)) throw invalidQuery(`The filter of "${key.slice(0, 100)}" has to be an object of operators`);
    const name = parseFieldName(key);
    if (name.call !== null) return this.#tests(resolveExpression(collection, name, this.#model), value);
    const many = readableMany(collection, key, this.#model);
    if (many !== undefined) return this.#many(many, value, depth);
    const expression = resolveExpression(collection, name, this.#model);
    const one = readableOne(collection, key, this.#model);
    if (one === undefined) return this.#tests(expression, value);
    const own = Object.entries(value).filter(([operator]) => isOperator(operator));
    const related = Object.entries(value).filter(([operator]) => !isOperator(operator));
    return all([
      ...(own.length === 0 ? [] : [this.#tests(expression, Object.fromEntries(own))]),
      ...(related.length === 0 ? [] : [this.#one(one, Object.fromEntries(related), depth)]),
    ]);
  }

  #one(relation: ToOne, value: unknown, depth: number): Condition {
    return { kind: 'one', relation, condition: this.filter(value, this.#model.collection(relation.related), depth + 1) };
  }

  #many(relation: ToMany, value: Readonly<Record<string, unknown>>, depth: number): Condition {
    const related = this.#model.collection(relation.related);
    const quantified = (none: boolean, filter: unknown): Condition => {
      this.#budget.take();
      return { kind: 'many', relation, none, condition: this.filter(filter, related, depth + 1) };
    };
    const parts: Condition[] = [];
    const plain = Object.entries(value).filter(([key]) => key !== '_some' && key !== '_none');
    if (Object.hasOwn(value, '_some')) parts.push(quantified(false, value['_some']));
    if (Object.hasOwn(value, '_none')) parts.push(quantified(true, value['_none']));
    const operator = plain.find(([key]) => isOperator(key))?.[0];
    if (operator !== undefined) throw invalidQuery(`The operator "${operator}" cannot be used on a relation to many; name a field of it`);
    if (plain.length > 0) parts.push(quantified(false, Object.fromEntries(plain)));
    return all(parts);
  }

  #tests(expression: Expression, value: Readonly<Record<string, unknown>>): Condition {
    return all(
      Object.entries(value).map(([operator, operand]): Condition => {
        if (expression.kind === 'json') return this.#jsonTest(expression, operator, operand);
        if (operator === '_json' && expression.kind === 'column' && expression.field.kind === 'json')
          return this.#json(expression, operand);
        this.#budget.take();
        if (!isOperator(operator)) throw invalidQuery(`There is no operator "${operator.slice(0, 50)}"`);
        return { kind: 'test', expression, test: parseTest(operator, operand, kindOf(expression)) };
      }),
    );
  }

  #json({ field }: Expression & { readonly kind: 'column' }, value: unknown): Condition {
    if (!isObject(value)) throw invalidQuery('"_json" has to be an object of paths');
    return all(
      Object.entries(value).map(([path, tests]) => {
        if (!isObject(tests)) throw invalidQuery('A path of "_json" has to be an object of operators');
        const expression = { kind: 'json', field, path: parseJsonPath(path) } as const;
        return all(Object.entries(tests).map(([operator, operand]) => this.#jsonTest(expression, operator, operand)));
      }),
    );
  }

  #jsonTest(expression: Expression & { readonly kind: 'json' }, operator: string, operand: unknown): Condition {
    this.#budget.take();
    return { kind: 'json', expression, json: parseJsonTest(operator, operand) };
  }
}

export const parseFilter = (value: unknown, collection: Collection, model: Model, budget: FilterBudget): Condition =>
  value === null || value === undefined ? everything : new FilterParser(model, budget).filter(value, collection, 0);
