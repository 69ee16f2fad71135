// Aggregates and groups of ItemsService beside the SELECT a person would write for them: its rows as JSON are what the service answers. Must never hold SQL that ItemsService wrote.
import { type QueryCase, wall } from './select.ts';

export const aggregateCases: readonly QueryCase[] = [
  ['count', 'articles', { aggregate: { count: ['*'] } }, 'select count(*)::text count from articles'],
  ['countAll', 'articles', { aggregate: { countAll: ['*'] } }, 'select count(*)::text "countAll" from articles'],
  [
    'count of a field',
    'articles',
    { aggregate: { count: ['views'] } },
    "select json_build_object('views', count(views)::text) count from articles",
  ],
  [
    'count of all and of a field',
    'articles',
    { aggregate: { count: ['*', 'views'] } },
    "select json_build_object('*', count(*)::text, 'views', count(views)::text) count from articles",
  ],
  [
    'countDistinct',
    'articles',
    { aggregate: { countDistinct: ['status', 'author'] } },
    "select json_build_object('status', count(distinct status)::text, 'author', count(distinct author)::text) \"countDistinct\" from articles",
  ],
  [
    'sum and avg',
    'articles',
    { aggregate: { sum: ['views', 'price'], avg: ['price'] } },
    "select json_build_object('views', sum(views)::text, 'price', sum(price)::text) sum, json_build_object('price', avg(price)::text) avg from articles",
  ],
  [
    'sumDistinct and avgDistinct',
    'articles_tags',
    { aggregate: { sumDistinct: ['weight'], avgDistinct: ['weight'] } },
    'select json_build_object(\'weight\', sum(distinct weight)::text) "sumDistinct", json_build_object(\'weight\', avg(distinct weight)::text) "avgDistinct" from articles_tags',
  ],
  [
    'min and max of every kind',
    'articles',
    { aggregate: { min: ['views', 'title', 'written'], max: ['price'] } },
    `select json_build_object('views', min(views), 'title', min(title), 'written', ${wall('min(written)')}) min, json_build_object('price', max(price)::text) max from articles`,
  ],
  [
    'a filter comes first',
    'articles',
    { aggregate: { count: ['*'] }, filter: { status: { _eq: 'draft' } } },
    "select count(*)::text count from articles where status = 'draft'",
  ],
  [
    'a filter through a relation',
    'articles',
    { aggregate: { sum: ['views'] }, filter: { author: { name: { _eq: 'Ada' } } } },
    "select json_build_object('views', sum(views)::text) sum from articles where author = 1",
  ],
  [
    'a search comes first',
    'articles',
    { aggregate: { count: ['*'] }, search: 'archived' },
    "select count(*)::text count from articles where status = 'archived'",
  ],
  [
    'group',
    'articles',
    { aggregate: { count: ['*'] }, group: ['status'] },
    'select status, count(*)::text count from articles group by status order by status',
  ],
  [
    'group by two',
    'articles',
    { aggregate: { max: ['id'] }, group: ['status', 'featured'] },
    "select status, featured, json_build_object('id', max(id)) max from articles group by status, featured order by status, featured",
  ],
  [
    'group by a function',
    'articles',
    { aggregate: { count: ['id'] }, group: ['month(written)'] },
    "select date_part('month', written) written_month, json_build_object('id', count(id)::text) count from articles group by 1 order by 1",
  ],
  [
    'group by a relation to one',
    'articles',
    { aggregate: { count: ['*'] }, group: ['author'] },
    'select author, count(*)::text count from articles group by author order by author',
  ],
  ['group without aggregate', 'articles', { group: ['status'] }, 'select distinct status from articles order by status'],
  [
    'sort by a group',
    'articles',
    { aggregate: { count: ['*'] }, group: ['status'], sort: ['-status'] },
    'select status, count(*)::text count from articles group by status order by status desc',
  ],
  [
    'sort by what is counted',
    'comments',
    { aggregate: { count: ['*'] }, group: ['writer'], sort: ['-count', 'writer'] },
    'select writer, count(*)::text count from comments group by writer order by count(*) desc, writer',
  ],
  [
    'sort by what is summed',
    'articles',
    { aggregate: { sum: ['views'] }, group: ['status'], sort: ['sum.views'] },
    "select status, json_build_object('views', sum(views)::text) sum from articles group by status order by sum(views)",
  ],
  [
    'limit and offset of groups',
    'articles',
    { aggregate: { count: ['*'] }, group: ['author'], limit: 2, offset: 1 },
    'select author, count(*)::text count from articles group by author order by author limit 2 offset 1',
  ],
  [
    'an aggregate of nothing',
    'articles',
    { aggregate: { sum: ['views'], count: ['*'] }, filter: { id: { _lt: 0 } } },
    "select json_build_object('views', null) sum, '0' count",
  ],
];
