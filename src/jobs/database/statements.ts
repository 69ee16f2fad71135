// The SQL of the queue. Times are the database's own, so hosts' clocks may differ. Must never lock two tenants' rows in one statement but by SKIP LOCKED.

/** $1 namespace, $2 kind, $3 tenant, $4–$9 the jobs column by column, $10 openJobs, $11 openBytes, $12 tree, $13 events, $14 turns, $15 and $16 their most. */
export const put = `
  WITH given AS (SELECT * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[]) AS g(id, extension, what, lane, rank, body)),
  fresh AS MATERIALIZED (
    SELECT g.*, octet_length(g.body) AS bytes FROM given g WHERE NOT EXISTS (SELECT FROM cloister.jobs k WHERE k.namespace = $1 AND k.id = g.id)
  ),
  room AS (
    INSERT INTO cloister.job_tenants AS t (namespace, kind, tenant, open, bytes)
    SELECT $1, $2, $3, count(*), sum(bytes) FROM fresh HAVING count(*) BETWEEN 1 AND $10::int
    ON CONFLICT (namespace, kind, tenant) DO UPDATE SET open = t.open + excluded.open, bytes = t.bytes + excluded.bytes
      WHERE t.open + excluded.open <= coalesce(t.most, $10::int) AND t.bytes + excluded.bytes <= $11::bigint
    RETURNING 1
  ),
  counted AS (
    INSERT INTO cloister.job_trees AS t (namespace, id, events, turns)
    SELECT $1, $12::text, $13::bigint, $14::bigint WHERE $12::text IS NOT NULL AND EXISTS (SELECT FROM fresh)
    ON CONFLICT (namespace, id) DO UPDATE SET events = t.events + excluded.events, turns = t.turns + excluded.turns, touched_at = clock_timestamp()
    RETURNING events, turns
  ),
  put AS (
    INSERT INTO cloister.jobs (namespace, id, kind, tenant, extension, what, lane, rank, body, bytes, tree)
    SELECT $1, id, $2, $3, extension, what, lane, rank, body, bytes, $12::text FROM fresh ON CONFLICT (namespace, id) DO NOTHING RETURNING 1
  )
  SELECT (SELECT count(*) FROM fresh)::int AS fresh, (SELECT count(*) FROM put)::int AS put, EXISTS (SELECT FROM room) AS room,
    (SELECT events FROM counted)::int AS events, (SELECT turns FROM counted)::int AS turns,
    coalesce((SELECT events > $15::bigint FROM counted), false) AS "tooManyEvents", coalesce((SELECT turns > $16::bigint FROM counted), false) AS "tooManyTurns",
    pg_notify('cloister_jobs', $1)::text AS told`;

const before = 'p.namespace = $1 AND p.lane = j.lane AND p.rank < j.rank';

/** What runs a first attempt, ran when this one was put, and whose host has been heard of since. */
const overlap = `EXISTS (
  SELECT FROM cloister.jobs p JOIN cloister.job_hosts h ON h.namespace = $1 AND h.id = p.held_by
  WHERE ${before} AND p.state = 'running' AND p.attempts = 1 AND p.begun_at <= j.created_at AND h.beat_at > j.created_at)`;

/** $2 most, $3 most of one share in one claim, $4 in all, $5 shares of which some run here and $6 how many, $7 extensions, $8 host, $9 passMs: who gave a job back is the last to have it again. A tenant that was served goes to the end of the line. */
export const claim = `
  WITH turn AS MATERIALIZED (
    SELECT t.kind, t.tenant, least($3::int, $4::int - coalesce(r.count, 0)) AS room
    FROM cloister.job_tenants t LEFT JOIN unnest($5::text[], $6::int[]) AS r(share, count) ON r.share = t.kind || ' ' || t.tenant
    WHERE t.namespace = $1 AND t.open > 0 AND coalesce(r.count, 0) < $4::int ORDER BY t.served_at NULLS FIRST LIMIT 10000
  ),
  picked AS MATERIALIZED (
    SELECT one.* FROM turn CROSS JOIN LATERAL (
      SELECT j.id, j.lane IS NOT NULL AND ${overlap} AS overlaps FROM cloister.jobs j
      WHERE j.namespace = $1 AND j.kind = turn.kind AND j.tenant = turn.tenant AND j.state = 'queued' AND j.due_at <= clock_timestamp()
        AND j.extension = ANY ($7::text[])
        AND (j.held_by IS DISTINCT FROM $8 OR j.due_at <= clock_timestamp() - $9::float8 * interval '1 millisecond')
        AND (j.lane IS NULL OR NOT EXISTS (SELECT FROM cloister.jobs p WHERE ${before} AND p.state IN ('queued', 'running')) OR ${overlap})
      ORDER BY j.due_at LIMIT turn.room FOR UPDATE OF j SKIP LOCKED
    ) one LIMIT $2::int
  ),
  begun AS (
    UPDATE cloister.jobs j SET state = 'running', attempts = j.attempts + 1, held_by = $8, begun_at = clock_timestamp()
    FROM picked WHERE j.namespace = $1 AND j.id = picked.id AND j.state = 'queued'
      AND EXISTS (SELECT FROM cloister.job_hosts h WHERE h.namespace = $1 AND h.id = $8)
    RETURNING j.*, picked.overlaps
  ),
  served AS (
    UPDATE cloister.job_tenants t SET served_at = clock_timestamp() WHERE t.ctid = ANY (ARRAY(
      SELECT s.ctid FROM cloister.job_tenants s WHERE s.namespace = $1 AND (s.kind, s.tenant) IN (SELECT kind, tenant FROM begun)
      FOR NO KEY UPDATE SKIP LOCKED))
  )
  SELECT b.id, b.kind, b.tenant, b.extension, b.what, b.lane, b.rank::float8 AS rank, b.body, b.attempts, b.overlaps,
    (extract(epoch FROM clock_timestamp() - b.created_at) * 1000)::float8 AS "ageMs", t.events::int AS events, t.turns::int AS turns
  FROM begun b LEFT JOIN cloister.job_trees t ON t.namespace = $1 AND t.id = b.tree`;

export const enroll = 'INSERT INTO cloister.job_hosts (namespace, id, pid, since) VALUES ($1, $2, $3, $4)';
/** No row: this host was taken for lost. */
export const beat =
  'UPDATE cloister.job_hosts SET beat_at = clock_timestamp(), pid = $3, since = $4 WHERE namespace = $1 AND id = $2 RETURNING id';
/** $3 why. What it holds still is given to others; what is locked now, `reap` gives them. */
export const leave = `
  WITH gone AS (DELETE FROM cloister.job_hosts WHERE namespace = $1 AND id = $2),
  held AS MATERIALIZED (SELECT id FROM cloister.jobs WHERE namespace = $1 AND held_by = $2 AND state = 'running' FOR UPDATE SKIP LOCKED),
  given AS (UPDATE cloister.jobs j SET state = 'queued', due_at = clock_timestamp(), held_by = NULL, reason = $3
    FROM held WHERE j.namespace = $1 AND j.id = held.id RETURNING 1)
  SELECT pg_notify('cloister_jobs', $1)::text FROM given LIMIT 1`;
export const whoAmI =
  'SELECT pid, extract(epoch FROM backend_start)::text AS since FROM pg_catalog.pg_stat_activity WHERE pid = pg_backend_pid()';

/** $2 holdMs, $3 quietMs. What the lost held may be begun again, and what is held by nobody who is there: a claim may end after its host was given up. */
export const reap = `
  WITH gone AS (
    DELETE FROM cloister.job_hosts h WHERE h.namespace = $1 AND (
      h.beat_at < clock_timestamp() - $2::float8 * interval '1 millisecond'
      OR (h.beat_at < clock_timestamp() - $3::float8 * interval '1 millisecond' AND h.pid IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.pid = h.pid AND extract(epoch FROM a.backend_start)::text = h.since)))
    RETURNING h.id
  ),
  lost AS MATERIALIZED (
    SELECT id FROM gone UNION
    SELECT r.held_by FROM cloister.jobs r WHERE r.namespace = $1 AND r.state = 'running'
      AND NOT EXISTS (SELECT FROM cloister.job_hosts h WHERE h.namespace = $1 AND h.id = r.held_by)
  ),
  held AS MATERIALIZED (
    SELECT r.id FROM lost JOIN cloister.jobs r ON r.held_by = lost.id WHERE r.namespace = $1 AND r.state = 'running' FOR UPDATE OF r SKIP LOCKED
  )
  UPDATE cloister.jobs j SET state = 'queued', due_at = clock_timestamp(), held_by = NULL, reason = 'its host was lost'
  FROM held WHERE j.namespace = $1 AND j.id = held.id RETURNING j.id`;

/** $2 host, $3 what it runs, $4 holdMs. What a host was given and never heard of, since the answer was lost with its connection: what it has just been given is left alone. */
export const orphans = `
  WITH held AS MATERIALIZED (
    SELECT id FROM cloister.jobs WHERE namespace = $1 AND held_by = $2 AND state = 'running' AND id <> ALL ($3::text[])
      AND begun_at < clock_timestamp() - 2 * $4::float8 * interval '1 millisecond' FOR UPDATE SKIP LOCKED
  )
  UPDATE cloister.jobs j SET state = 'queued', due_at = clock_timestamp(), held_by = NULL, reason = 'its host never heard that it had it'
  FROM held WHERE j.namespace = $1 AND j.id = held.id RETURNING j.id`;

const mine = `namespace = $1 AND id = $2 AND held_by = $3 AND state = 'running' AND attempts = $4`;
const roomAgain = `UPDATE cloister.job_tenants t SET open = t.open - 1, bytes = t.bytes - ended.bytes FROM ended
    WHERE t.namespace = $1 AND t.kind = ended.kind AND t.tenant = ended.tenant`;
/** The next of its lane may begin. */
const tell = `SELECT pg_notify('cloister_jobs', $1)::text FROM ended WHERE lane IS NOT NULL`;

/** $5 tree, $6 events, $7 turns. */
export const done = `
  WITH ended AS (UPDATE cloister.jobs SET state = 'done', body = '', ended_at = clock_timestamp() WHERE ${mine} RETURNING kind, tenant, bytes, lane),
  room AS (${roomAgain}),
  counted AS (UPDATE cloister.job_trees t SET events = t.events + $6::bigint, turns = t.turns + $7::bigint, touched_at = clock_timestamp()
    FROM ended WHERE t.namespace = $1 AND t.id = $5::text AND $6::bigint + $7::bigint > 0)
  ${tell}`;

/** $5 delay, $6 whether the attempt counts, $7 why. */
export const again = `
  UPDATE cloister.jobs SET state = 'queued', held_by = CASE WHEN $6::boolean THEN NULL ELSE held_by END, due_at = clock_timestamp() + $5::float8 * interval '1 millisecond',
    attempts = attempts - CASE WHEN $6::boolean THEN 0 ELSE 1 END, reason = $7 WHERE ${mine}`;

/** $5 why. */
export const bury = `
  WITH ended AS (UPDATE cloister.jobs SET state = 'dead', ended_at = clock_timestamp(), held_by = NULL, reason = $5 WHERE ${mine} RETURNING kind, tenant, bytes, lane),
  room AS (${roomAgain})
  ${tell}`;

/** $3 why; for one that nobody runs. */
export const buryQueued = `
  WITH ended AS (UPDATE cloister.jobs SET state = 'dead', ended_at = clock_timestamp(), reason = $3
    WHERE namespace = $1 AND id = $2 AND state = 'queued' RETURNING id, extension, kind, tenant, bytes, lane),
  room AS (${roomAgain})
  SELECT id, extension, tenant, CASE WHEN lane IS NOT NULL THEN pg_notify('cloister_jobs', $1)::text END AS told FROM ended`;

export const stats = `
  SELECT count(*) FILTER (WHERE state = 'queued')::int AS queued, count(*) FILTER (WHERE state = 'running')::int AS running,
    count(*) FILTER (WHERE (state = 'queued' AND attempts > 0) OR (state = 'running' AND attempts > 1))::int AS retried,
    count(*) FILTER (WHERE state = 'dead')::int AS dead,
    coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE state = 'queued')) * 1000), 0)::float8 AS "lagMs"
  FROM cloister.jobs WHERE namespace = $1 AND state IN ('queued', 'running', 'dead')`;

export const list = `
  SELECT id, kind, tenant, extension, what, state, attempts, created_at AS since, reason FROM cloister.jobs
  WHERE namespace = $1 AND state IN ('queued', 'running', 'dead') ORDER BY state = 'dead' DESC, created_at LIMIT $2::int`;

export const retry = `
  WITH ended AS (UPDATE cloister.jobs SET state = 'queued', attempts = 0, due_at = clock_timestamp(), created_at = clock_timestamp(), ended_at = NULL
    WHERE namespace = $1 AND id = $2 AND state = 'dead' RETURNING kind, tenant, bytes),
  room AS (INSERT INTO cloister.job_tenants AS t (namespace, kind, tenant, open, bytes) SELECT $1, kind, tenant, 1, bytes FROM ended
    ON CONFLICT (namespace, kind, tenant) DO UPDATE SET open = t.open + 1, bytes = t.bytes + excluded.bytes)
  SELECT pg_notify('cloister_jobs', $1)::text FROM ended`;

/** Its id is remembered as that of one that is done. */
export const drop = `
  WITH found AS (SELECT state FROM cloister.jobs WHERE namespace = $1 AND id = $2 AND state IN ('queued', 'dead') FOR UPDATE),
  ended AS (UPDATE cloister.jobs j SET state = 'done', body = '', ended_at = clock_timestamp(), reason = 'dropped by an operator'
    FROM found WHERE namespace = $1 AND id = $2 RETURNING j.kind, j.tenant, j.bytes, j.lane, found.state AS was),
  room AS (${roomAgain} AND ended.was = 'queued')
  SELECT 1 FROM ended`;

/** $2 keptMs. */
export const forgetDone = `DELETE FROM cloister.jobs WHERE ctid = ANY (ARRAY(SELECT ctid FROM cloister.jobs
  WHERE namespace = $1 AND state = 'done' AND ended_at < clock_timestamp() - $2::float8 * interval '1 millisecond' LIMIT 5000)) RETURNING 1`;
/** $2 deadMs, $3 deadOfTenant. */
export const forgetDead = `DELETE FROM cloister.jobs j USING (
    SELECT id, ended_at, row_number() OVER (PARTITION BY kind, tenant ORDER BY ended_at DESC) AS nth FROM cloister.jobs WHERE namespace = $1 AND state = 'dead'
  ) d WHERE j.namespace = $1 AND j.id = d.id AND j.state = 'dead' AND (d.nth > $3::int OR d.ended_at < clock_timestamp() - $2::float8 * interval '1 millisecond')`;
/** $2 unclaimedMs. */
export const findUnclaimed = `SELECT id FROM cloister.jobs WHERE namespace = $1 AND state = 'queued' AND created_at < clock_timestamp() - $2::float8 * interval '1 millisecond' LIMIT 500`;
export const forgetTrees = `DELETE FROM cloister.job_trees WHERE namespace = $1 AND touched_at < clock_timestamp() - interval '1 day'`;
export const forgetTenants = `DELETE FROM cloister.job_tenants WHERE namespace = $1 AND open = 0 AND most IS NULL AND coalesce(served_at, '-infinity') < clock_timestamp() - interval '1 day'`;
