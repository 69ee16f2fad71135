-- Tables of the demo: one that examples are granted, and one that none is.

CREATE TABLE articles (
  id serial PRIMARY KEY,
  title text NOT NULL CHECK (title <> ''),
  status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
  body text NOT NULL DEFAULT '',
  views integer NOT NULL DEFAULT 0,
  published_at timestamptz
);

INSERT INTO articles (title, status, body, views, published_at) VALUES
  ('How a bridge keeps its secrets', 'published', 'Some words on “How a bridge keeps its secrets”, number 1 of twenty-five.', 3, '2026-01-01T06:00:00Z'),
  ('Reading a map by its folds', 'published', 'Some words on “Reading a map by its folds”, number 2 of twenty-five.', 40, '2026-02-06T07:00:00Z'),
  ('The first frost of the year', 'draft', 'Some words on “The first frost of the year”, number 3 of twenty-five.', 0, NULL),
  ('A clock that loses a minute', 'published', 'Some words on “A clock that loses a minute”, number 4 of twenty-five.', 114, '2026-04-16T09:00:00Z'),
  ('Notes on building a kiln', 'archived', 'Some words on “Notes on building a kiln”, number 5 of twenty-five.', 151, '2026-05-21T10:00:00Z'),
  ('What the tide tables leave out', 'published', 'Some words on “What the tide tables leave out”, number 6 of twenty-five.', 188, '2026-06-26T11:00:00Z'),
  ('Seven uses for a broken sieve', 'published', 'Some words on “Seven uses for a broken sieve”, number 7 of twenty-five.', 225, '2026-07-03T12:00:00Z'),
  ('The library that moved overnight', 'draft', 'Some words on “The library that moved overnight”, number 8 of twenty-five.', 0, NULL),
  ('Learning to tie one good knot', 'published', 'Some words on “Learning to tie one good knot”, number 9 of twenty-five.', 299, '2026-09-13T14:00:00Z'),
  ('A short history of the wheelbarrow', 'archived', 'Some words on “A short history of the wheelbarrow”, number 10 of twenty-five.', 336, '2026-01-18T15:00:00Z'),
  ('Bread without a recipe', 'published', 'Some words on “Bread without a recipe”, number 11 of twenty-five.', 373, '2026-02-23T16:00:00Z'),
  ('Why the lighthouse is painted twice', 'published', 'Some words on “Why the lighthouse is painted twice”, number 12 of twenty-five.', 410, '2026-03-28T17:00:00Z'),
  ('Counting swallows', 'draft', 'Some words on “Counting swallows”, number 13 of twenty-five.', 0, NULL),
  ('The smallest railway in the valley', 'published', 'Some words on “The smallest railway in the valley”, number 14 of twenty-five.', 484, '2026-05-10T07:00:00Z'),
  ('On sharpening pencils', 'archived', 'Some words on “On sharpening pencils”, number 15 of twenty-five.', 21, '2026-06-15T08:00:00Z'),
  ('An orchard in a courtyard', 'published', 'Some words on “An orchard in a courtyard”, number 16 of twenty-five.', 58, '2026-07-20T09:00:00Z'),
  ('Walls that remember rain', 'published', 'Some words on “Walls that remember rain”, number 17 of twenty-five.', 95, '2026-08-25T10:00:00Z'),
  ('The cartographer''s mistake', 'draft', 'Some words on “The cartographer''s mistake”, number 18 of twenty-five.', 0, NULL),
  ('Two kinds of silence', 'published', 'Some words on “Two kinds of silence”, number 19 of twenty-five.', 169, '2026-01-07T12:00:00Z'),
  ('How to fold a paper boat', 'archived', 'Some words on “How to fold a paper boat”, number 20 of twenty-five.', 206, '2026-02-12T13:00:00Z'),
  ('Lanterns along the canal', 'published', 'Some words on “Lanterns along the canal”, number 21 of twenty-five.', 243, '2026-03-17T14:00:00Z'),
  ('The weight of a cloud', 'published', 'Some words on “The weight of a cloud”, number 22 of twenty-five.', 280, '2026-04-22T15:00:00Z'),
  ('A field guide to gates', 'draft', 'Some words on “A field guide to gates”, number 23 of twenty-five.', 0, NULL),
  ('Salt roads', 'published', 'Some words on “Salt roads”, number 24 of twenty-five.', 354, '2026-06-04T17:00:00Z'),
  ('The last ferry', 'archived', 'Some words on “The last ferry”, number 25 of twenty-five.', 391, '2026-07-09T06:00:00Z');

-- No example is granted this table: what snoop reports of it must be a refusal.
CREATE TABLE members (
  id serial PRIMARY KEY,
  email text NOT NULL UNIQUE,
  password_hash text NOT NULL,
  api_token text NOT NULL
);

INSERT INTO members (email, password_hash, api_token)
SELECT 'member-' || n || '@example.org', 'not-to-be-read-hash-' || n, 'not-to-be-read-token-' || n
FROM generate_series(1, 5) AS n;

-- What the example transfers moves money between. A balance never falls below nothing, and a receipt has at most forty characters.
CREATE TABLE accounts (
  id serial PRIMARY KEY,
  owner text NOT NULL,
  balance integer NOT NULL CHECK (balance >= 0)
);

CREATE TABLE transfers (
  id serial PRIMARY KEY,
  from_id integer NOT NULL REFERENCES accounts,
  to_id integer NOT NULL REFERENCES accounts,
  amount integer NOT NULL CHECK (amount > 0),
  made_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE receipts (
  transfer_id integer PRIMARY KEY REFERENCES transfers,
  text varchar(40) NOT NULL
);

INSERT INTO accounts (owner, balance) VALUES ('Ada', 100), ('Bob', 50), ('Cleo', 0);
