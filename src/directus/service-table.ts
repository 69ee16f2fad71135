// Directus's own services as extensions may be granted them: class, methods, what each argument may be. Data, from its public types; must hold no method that takes functions, streams or engine parts, nor one that Directus runs without asking for rights (`getKeysByQuery`, `getUserByEmail`).
import type { JsonSchema, ServiceMethod } from '../capabilities/services/definition.ts';

/** Known by identity: where it stands, a query is. */
export const query: JsonSchema = { type: 'object', title: 'query' };
const key: JsonSchema = { type: ['string', 'integer'] };
const keys: JsonSchema = { type: 'array', items: key, maxItems: 10_000 };
const data: JsonSchema = { type: 'object' };
const list: JsonSchema = { type: 'array', items: data, maxItems: 10_000 };
const name: JsonSchema = { type: 'string', maxLength: 255 };
const text: JsonSchema = { type: 'string', maxLength: 1_000_000 };
const recipients: JsonSchema = { type: 'string', maxLength: 10_000 };
/** Texts alone: what a mailer takes as an object or an attachment may name a file of the host, or an address to read. */
const mail: JsonSchema = {
  type: 'object',
  properties: {
    to: recipients,
    cc: recipients,
    bcc: recipients,
    replyTo: recipients,
    subject: name,
    text,
    html: text,
    template: { type: 'object', properties: { name, data }, required: ['name'], additionalProperties: false },
  },
  required: ['to', 'subject'],
  additionalProperties: false,
};
/** Of Directus's options those that are data and give no right. */
const options: JsonSchema = {
  type: 'object',
  properties: { emitEvents: { type: 'boolean' }, autoPurgeCache: { type: 'boolean' }, autoPurgeSystemCache: { type: 'boolean' } },
  additionalProperties: false,
};

const reads = (...args: readonly JsonSchema[]): ServiceMethod => ({ args, effect: false });
const writes = (...args: readonly JsonSchema[]): ServiceMethod => ({ args: [...args, options], required: args.length, effect: true });

const itemReads: Readonly<Record<string, ServiceMethod>> = {
  readByQuery: reads(query),
  readOne: { args: [key, query], required: 1, effect: false },
  readMany: { args: [keys, query], required: 1, effect: false },
  readSingleton: reads(query),
};

const items: Readonly<Record<string, ServiceMethod>> = {
  ...itemReads,
  createOne: writes(data),
  createMany: writes(list),
  updateOne: writes(key, data),
  updateMany: writes(keys, data),
  updateBatch: writes(list),
  updateByQuery: writes(query, data),
  upsertOne: writes(data),
  upsertMany: writes(list),
  upsertSingleton: writes(data),
  deleteOne: writes(key),
  deleteMany: writes(keys),
  deleteByQuery: writes(query),
};

export interface DirectusService {
  /** It is made for a collection, which a grant must name. */
  readonly collection: boolean;
  readonly methods: Readonly<Record<string, ServiceMethod>>;
  /** The system collection it is about. */
  readonly about?: string;
}

const plain = (methods: Readonly<Record<string, ServiceMethod>>): DirectusService => ({ collection: false, methods });
const system = (about: string, methods: Readonly<Record<string, ServiceMethod>>): DirectusService => ({
  collection: false,
  methods,
  about,
});

export const directusServices: Readonly<Record<string, DirectusService>> = {
  ItemsService: { collection: true, methods: items },
  ActivityService: system('directus_activity', itemReads),
  RevisionsService: system('directus_revisions', itemReads),
  CommentsService: system('directus_comments', items),
  FilesService: system('directus_files', {
    ...itemReads,
    createOne: writes(data),
    updateOne: writes(key, data),
    updateMany: writes(keys, data),
    deleteOne: writes(key),
  }),
  FoldersService: system('directus_folders', items),
  NotificationsService: system('directus_notifications', items),
  PresetsService: system('directus_presets', items),
  RolesService: system('directus_roles', itemReads),
  PoliciesService: system('directus_policies', itemReads),
  SettingsService: system('directus_settings', { readSingleton: reads(query), upsertSingleton: writes(data) }),
  TranslationsService: system('directus_translations', items),
  UsersService: system('directus_users', items),
  CollectionsService: plain({
    readByQuery: reads(),
    readOne: reads(name),
    readMany: reads({ type: 'array', items: name, maxItems: 1_000 }),
  }),
  FieldsService: plain({ readAll: { args: [name], required: 0, effect: false }, readOne: reads(name, name) }),
  RelationsService: plain({ readAll: { args: [name], required: 0, effect: false }, readOne: reads(name, name) }),
  MetaService: plain({ getMetaForQuery: reads(name, query), totalCount: reads(name), filterCount: reads(name, query) }),
  MailService: plain({ send: { args: [mail], effect: true } }),
  ServerService: plain({ serverInfo: reads(), health: reads() }),
};
